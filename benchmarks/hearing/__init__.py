"""How well hearing works, on telephone audio built from recorded and synthesised voices.

``python -m benchmarks.hearing`` builds the audio from a seed, runs the parts a call runs, prints the tables
and writes ``benchmarks/results/hearing.json`` and the plots. Everything is measured on *held* voices and
texts; parameters may be tuned on the *dev* ones only (``--split dev``).
"""
