"""Starting batches on the site."""
