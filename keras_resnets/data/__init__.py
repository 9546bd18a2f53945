"""Images in: which data sets there are (`datasets`), and the one order in which they reach a network (`pipeline`)."""
