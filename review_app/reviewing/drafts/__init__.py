"""What a reviewer has typed and not yet decided: kept on the server, given back when the page is opened again."""
