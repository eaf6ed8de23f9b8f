"""Buckets that speak S3, on this machine: a process of the sandbox, started by who needs it, gone with the sandbox.

The protocol is moto's. What is written lies in the sandbox's folder before it is acknowledged, so that it is there
again after a stop.
"""
