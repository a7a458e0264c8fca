"""Ends the computing of load_threads."""

from load_threads import busy


def fsapi(session, stream, env, args):
    busy.clear()
    stream.write("resting")
