"""The `up` command's parts: one folder, three children, and somebody who looks after them."""
