"""Quantities with units: text such as "4 mL" or "100 Pa s^n" to SI numbers and back.

The table holds the units that clinicians and engineers use for injections. Conversion is exact rational
arithmetic, rounded once, so `parse_quantity(format_quantity(x, d), d)` gives back the very same float.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

# Exponents of metre, kilogram, second, kelvin, mole, and of "s^n" with n the (here unknown) power-law index.
Exponents = tuple[int, int, int, int, int, int]

_LENGTH, _AREA, _VOLUME = (1, 0, 0, 0, 0, 0), (2, 0, 0, 0, 0, 0), (3, 0, 0, 0, 0, 0)
_MASS, _TIME, _RATE, _KELVIN = (0, 1, 0, 0, 0, 0), (0, 0, 1, 0, 0, 0), (0, 0, -1, 0, 0, 0), (0, 0, 0, 1, 0, 0)
_MOLE, _TIME_TO_N, _NUMBER_OF = (0, 0, 0, 0, 1, 0), (0, 0, 0, 0, 0, 1), (0, 0, 0, 0, 0, 0)
_FORCE, _PRESSURE, _ENERGY = (1, 1, -2, 0, 0, 0), (-1, 1, -2, 0, 0, 0), (2, 1, -2, 0, 0, 0)
_VISCOSITY, _CONSISTENCY = (-1, 1, -1, 0, 0, 0), (-1, 1, -2, 0, 0, 1)
_POWER_OF_HEAT = (2, 1, -3, 0, 0, 0)

GAS_CONSTANT = 8.314462618  # J/(mol K), CODATA 2018


@dataclass(frozen=True)
class Dimension:
    """A kind of quantity.

    Parameters
    ----------
    name
        As used in messages ("needs a unit of volume").
    exponents
        Powers of m, kg, s, K, mol and of s^n.
    example
        What a user could write.
    preferred
        Units for output; among those that give the shortest text the first one is taken. The SI unit is among
        them.
    """

    name: str
    exponents: Exponents
    example: str
    preferred: tuple[str, ...]


@dataclass(frozen=True)
class Unit:
    """One unit: SI value = `factor` * number + `offset`, exactly."""

    factor: Fraction
    exponents: Exponents
    offset: Fraction = Fraction(0)


DIMENSIONS = {
    d.name: d
    for d in (
        Dimension("length", _LENGTH, "1.2 mm", ("mm", "um", "m")),
        Dimension("volume", _VOLUME, "4 mL", ("mL", "uL", "m3")),
        Dimension("time", _TIME, "8 min", ("min", "s", "h", "ms")),
        Dimension("temperature", _KELVIN, "37 degC", ("degC", "K")),
        Dimension("pressure", _PRESSURE, "3 MPa", ("MPa", "kPa", "Pa", "mmHg")),
        Dimension("force", _FORCE, "100 N", ("N", "kN")),
        Dimension("slip", (2, -1, 1, 0, 0, 0), "1e-6 m/(Pa s)", ("m/(Pa s)",)),
        Dimension("stiffness", (-4, 1, -2, 0, 0, 0), "10 kPa/mL", ("kPa/mL", "Pa/m3")),
        Dimension("flow rate", (3, 0, -1, 0, 0, 0), "4 mL/min", ("mL/min", "mL/s", "m3/s")),
        Dimension("viscosity", _VISCOSITY, "100 Pa s", ("Pa s", "mPa s", "kPa s")),
        Dimension("consistency", _CONSISTENCY, "100 Pa s^n", ("Pa s^n", "kPa s^n")),
        Dimension("permeability", _AREA, "1e-8 m2", ("m2",)),
        Dimension("rate", _RATE, "10 1/s", ("1/s",)),
        Dimension("molar energy", (2, 1, -2, 0, -1, 0), "44.4 kJ/mol", ("kJ/mol", "J/mol")),
        Dimension("specific energy", (2, 0, -2, 0, 0, 0), "193 kJ/kg", ("kJ/kg", "J/kg")),
        Dimension("specific heat", (2, 0, -2, -1, 0, 0), "1700 J/(kg K)", ("J/(kg K)", "kJ/(kg K)")),
        Dimension("power", _POWER_OF_HEAT, "20 W", ("W", "mW")),
        Dimension("density", (-3, 1, 0, 0, 0, 0), "1.4 g/cm3", ("g/cm3", "kg/m3", "mg/cm3")),
        Dimension("thermal conductivity", (1, 1, -3, -1, 0, 0), "0.2 W/(m K)", ("W/(m K)",)),
        Dimension("heat transfer coefficient", (0, 1, -3, -1, 0, 0), "50 W/(m2 K)", ("W/(m2 K)",)),
        Dimension("change per kelvin", (0, 0, 0, -1, 0, 0), "0.0039 1/K", ("1/K",)),
    )
}


def _unit_table() -> dict[str, Unit]:
    rows: list[tuple[str, str | Fraction, Exponents]] = [
        ("in inch", "0.0254", _LENGTH),
        ("L l litre liter", "1e-3", _VOLUME),
        ("dL dl", "1e-4", _VOLUME),
        ("cL cl", "1e-5", _VOLUME),
        ("mL ml cc ccm", "1e-6", _VOLUME),
        ("uL ul", "1e-9", _VOLUME),
        # A darcy passes 1 cm/s of a fluid of 1 cP under 1 atm/cm.
        ("darcy D", Fraction("1e-7") / 101325, _AREA),
        ("mdarcy mD", Fraction("1e-10") / 101325, _AREA),
        ("s sec second seconds", "1", _TIME),
        ("ms", "1e-3", _TIME),
        ("us", "1e-6", _TIME),
        ("min minute minutes", "60", _TIME),
        ("h hr hour hours", "3600", _TIME),
        ("day days", "86400", _TIME),
        ("Hz", "1", _RATE),
        ("K kelvin", "1", _KELVIN),
        ("mg", "1e-6", _MASS),
        ("g", "1e-3", _MASS),
        ("kg", "1", _MASS),
        ("mol", "1", _MOLE),
        ("N", "1", _FORCE),
        ("kN", "1e3", _FORCE),
        ("Pa", "1", _PRESSURE),
        ("hPa mbar", "100", _PRESSURE),
        ("mPa", "1e-3", _PRESSURE),
        ("kPa", "1e3", _PRESSURE),
        ("MPa", "1e6", _PRESSURE),
        ("GPa", "1e9", _PRESSURE),
        ("bar", "1e5", _PRESSURE),
        ("atm", "101325", _PRESSURE),
        ("mmHg", "133.322387415", _PRESSURE),
        ("Torr torr", Fraction(101325, 760), _PRESSURE),
        ("cmH2O", "98.0665", _PRESSURE),
        ("psi", "6894.757293168", _PRESSURE),
        ("P poise", "0.1", _VISCOSITY),
        ("cP", "1e-3", _VISCOSITY),
        ("J", "1", _ENERGY),
        ("kJ", "1e3", _ENERGY),
        ("cal", "4.184", _ENERGY),
        ("kcal", "4184", _ENERGY),
        ("mW", "1e-3", _POWER_OF_HEAT),
        ("W", "1", _POWER_OF_HEAT),
        ("kW", "1e3", _POWER_OF_HEAT),
        ("1", "1", _NUMBER_OF),
    ]
    for name, metres in (("m", "1"), ("dm", "1e-1"), ("cm", "1e-2"), ("mm", "1e-3"), ("um", "1e-6")):
        rows.append((name, metres, _LENGTH))
        rows.append((name + "2", Fraction(metres) ** 2, _AREA))
        rows.append((name + "3", Fraction(metres) ** 3, _VOLUME))
    table = {name: Unit(Fraction(factor), kind) for names, factor, kind in rows for name in names.split()}
    celsius = Unit(Fraction(1), _KELVIN, Fraction("273.15"))
    return table | dict.fromkeys(("degC", "°C", "C"), celsius)


UNITS = _unit_table()

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\d.])")
_POWER = re.compile(r"(?P<name>.+?)\^?(?P<power>[+-]?\d+|n)")
_SPELLING = str.maketrans({"µ": "u", "μ": "u", "²": "2", "³": "3", "·": " ", "⋅": " ", "*": " "})
_TOKEN = re.compile(r"[/()]|[^\s/()]+")
_LONGEST = 80


def parse_quantity(text: str, dimension: str) -> float:
    """SI value of a quantity with unit.

    Parameters
    ----------
    text
        Number and unit, such as "4 mL" or "4 mL/min".
    dimension
        Name of the wanted dimension, a key of `DIMENSIONS`.

    Raises
    ------
    ValueError
        The message says what is wrong as the end of a sentence that begins with the user's text.
    """
    want = DIMENSIONS[dimension]
    text = text.strip()
    match = _NUMBER.match(text)
    if len(text) > _LONGEST:
        raise ValueError(f'is too long for a quantity; write something like "{want.example}"')
    if match is None:
        raise ValueError(f'does not begin with a number; write something like "{want.example}"')
    rest = text[match.end() :].strip()
    if re.match(r",\d", rest):
        raise ValueError(f'has a comma in its number; write a decimal point, as in "{want.example}"')
    if not rest:
        raise ValueError(missing_unit(dimension))
    unit = parse_unit(rest)
    if unit.exponents != want.exponents:
        raise ValueError(
            f'is {_kind_of(unit.exponents)} where a {dimension} is needed, such as "{want.example}"'
        )
    return _to_si(match.group(), unit)


def missing_unit(dimension: str) -> str:
    """How to complain about a bare number where a quantity is wanted."""
    return f'needs a unit of {dimension}, such as "{DIMENSIONS[dimension].example}"'


@cache
def parse_unit(text: str) -> Unit:
    """Unit given by a product such as "mL/min", "Pa s^n" or "W/(m2 K)"; "/" divides by the next factor or by all
    that stand in brackets after it.

    Raises
    ------
    ValueError
        For an unknown unit, with a close match.
    """
    signed = _signed_factors(text)
    factor, exponents = Fraction(1), _NUMBER_OF
    for token, sign in signed:
        unit, power = _power_of_unit(token, text)
        factor *= unit.factor ** (sign * power)
        exponents = _sum(exponents, unit.exponents, sign * power)
    alone = len(signed) == 1 and sign * power == 1
    return Unit(factor, exponents, unit.offset if alone else Fraction(0))


def _signed_factors(text: str) -> list[tuple[str, int]]:
    """Names of the factors of a product, each with 1 or, below a "/", -1."""
    factors: list[tuple[str, int]] = []
    sign, inside = 1, False
    for token in _TOKEN.findall(text.translate(_SPELLING)):
        if token == "/" and sign > 0:
            sign = -1
        elif token == "(" and sign < 0 and not inside:
            inside = True
        elif token == ")" and inside and factors and factors[-1][1] < 0:
            sign, inside = 1, False
        else:
            factors.append((token, sign))
            sign = sign if inside else 1
    if sign < 0 or inside or not factors:
        raise ValueError(f'has an incomplete unit, "{text}"')
    return factors


def format_quantity(value: float, dimension: str) -> str:
    """Shortest text in a usual unit that `parse_quantity` turns back into exactly `value`.

    Raises
    ------
    ValueError
        If `value` is not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be written as a {dimension}")
    texts = [_exact_text(value, name) for name in DIMENSIONS[dimension].preferred]
    return min((t for t in texts if t is not None), key=len)


def close_match(word: str, known: list[str] | tuple[str, ...]) -> str:
    """Close match of `word` as the end of a message: ' (did you mean "...")', or nothing."""
    folded = {k.casefold(): k for k in known}
    found = difflib.get_close_matches(word, known, n=1) or [
        folded[k] for k in difflib.get_close_matches(word.casefold(), folded, n=1)
    ]
    return f' (did you mean "{found[0]}"?)' if found else ""


def _to_si(number: str, unit: Unit) -> float:
    if not math.isfinite(float(number)):
        raise ValueError("is too large a number")
    # A number that rounds to zero is zero: its exact fraction could have millions of digits.
    exact = Fraction(number) if float(number) else Fraction(0)
    try:
        return float(exact * unit.factor + unit.offset)
    except OverflowError:
        raise ValueError("is too large a number") from None


def _power_of_unit(token: str, text: str) -> tuple[Unit, int]:
    if token in UNITS:
        return UNITS[token], 1
    match = _POWER.fullmatch(token)
    if match and match["name"] in UNITS and UNITS[match["name"]].exponents != _NUMBER_OF:
        if match["power"] != "n":
            power = int(match["power"])
            if abs(power) <= 9:
                return UNITS[match["name"]], power
        elif match["name"] == "s":
            return Unit(Fraction(1), _TIME_TO_N), 1
    where = "" if token == text else f' in "{text}"'
    raise ValueError(f'has an unknown unit "{token}"{where}{close_match(token, tuple(UNITS))}')


def _sum(a: Exponents, b: Exponents, times: int) -> Exponents:
    return (
        a[0] + times * b[0],
        a[1] + times * b[1],
        a[2] + times * b[2],
        a[3] + times * b[3],
        a[4] + times * b[4],
        a[5] + times * b[5],
    )


def _kind_of(exponents: Exponents) -> str:
    names = [d.name for d in DIMENSIONS.values() if d.exponents == exponents]
    if names:
        return f"a {names[0]}"
    symbols = zip(("m", "kg", "s", "K", "mol", "s^n"), exponents, strict=True)
    return "in " + (" ".join(f"{s}^{e}" for s, e in symbols if e) or "no unit at all")


def _tidy_exponent(text: str) -> str:
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}"


def _exact_text(value: float, unit_name: str) -> str | None:
    """Shortest decimal in this unit that converts back to `value`; None if 17 digits are not enough."""
    unit = parse_unit(unit_name)
    number = (Fraction(value) - unit.offset) / unit.factor
    try:
        approximate = float(number)
    except OverflowError:
        return None
    # Exact arithmetic is slow, so texts that are clearly another number are passed over first.
    slack = 2 * math.ulp(value) / float(unit.factor)
    for digits in range(1, 18):
        text = f"{approximate:.{digits}g}"
        if abs(float(text) - approximate) > slack:
            continue
        if "e" in text:
            text = f"{float(text):.0f}" if 1 <= abs(approximate) < 1e7 else _tidy_exponent(text)
        if math.isfinite(float(text)) and _to_si(text, unit) == value:
            return f"{text} {unit_name}"
    return None
