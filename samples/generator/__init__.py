"""The pieces of the sample inventory: the company, one module per cloud, and the bill."""
