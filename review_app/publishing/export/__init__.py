"""The published corpus for others: as JSON Lines or Markdown, to a folder or a download, whole or since a cursor."""
