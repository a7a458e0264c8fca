"""The real handler, except that the caller's words come from a script: there is no French model in a package.

The script (JSON in the tests' folder) has the words of one utterance after the other.
"""

from scripted_entry import ENTRY


def handler(session, args):
    ENTRY.hold(session, args)


def fsapi(session, stream, env, args):
    stream.write(ENTRY.command(args))
