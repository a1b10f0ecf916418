"""How a message reaches a person: one module a means, and the courier that knows them all.

A channel says whether it took the message; it never decides who gets one. Every message has a key
that stays the same when it is sent again, and hands it to whatever can tell a repeat by it.
"""
