"""One action on many articles: a frozen selection, a preview, a job, and an undo of all of it."""
