"""Apache Ossie (formerly Open Semantic Interchange): our model for others, theirs for us."""
