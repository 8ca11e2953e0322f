"""Sources of ideas: the target's own rewrites, and language models.

Beyond the protocol a proposer may have: `bind(session) -> Proposer`, which gives it the session's target and model
client; `inline = True`, when making a proposal takes no waiting; `legal = True`, when each kernel that it gives is a
legality-checked rewrite of the request's parent.
"""
