"""Constitutive laws: one class a law, its formula, validity and source in its docstring."""
