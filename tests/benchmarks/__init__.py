"""`make bench`: this store and its peers on the same work, in one process and one run.

Peers are timed in turns, many short rounds of A B C A B C, and compared by the median of their rounds: whatever else
the machine does meanwhile falls on all of them alike.
"""
