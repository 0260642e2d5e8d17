"""An AWS stand-in for tests: Glue, S3, STS, IMDSv2 and container credentials on one port.

Signatures are recomputed with python3-botocore, which shares no code with the daemon; arguments are
checked against botocore's service model; pages are cut on the server and their tokens are opaque,
bound to the arguments and to this process. Faults, latency and contents are set over /_ctl
(control.py says how), which also tells what was called.
"""
