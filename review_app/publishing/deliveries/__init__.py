"""What goes out: events made into deliveries, deliveries sent in order until they succeed, and the log of every try.

Whoever holds several rows takes them in this order, each kind by its numbers, or two wait for each other for ever:
the run or what rolls it back; the target; articles; deliveries; publications, by their articles; events of the outbox. Who hands
over, or stops a run, holds events before deliveries; of articles and targets it holds no more than that they exist, for which
nobody waits who notes how something was delivered. Who skips what others hold (`skip_locked`) may take it out of turn.
"""
