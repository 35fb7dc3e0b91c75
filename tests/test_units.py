"""Quantities with units: what is read, what is refused and why, and that writing loses nothing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cementflow.units import DIMENSIONS, UNITS, format_quantity, parse_quantity, parse_unit

FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e200, max_value=1e200)


@pytest.mark.parametrize(
    ("text", "dimension", "si"),
    [
        ("4 mL", "volume", 4e-6),
        ("4mL", "volume", 4e-6),
        (" 4  ml ", "volume", 4e-6),
        ("4 cc", "volume", 4e-6),
        ("4 cm^3", "volume", 4e-6),
        ("4 cm³", "volume", 4e-6),
        ("0.004 L", "volume", 4e-6),
        ("4 mL/min", "flow rate", 4e-6 / 60),
        ("4 mL min^-1", "flow rate", 4e-6 / 60),
        ("0.1 mL / s", "flow rate", 1e-7),
        ("3 MPa", "pressure", 3e6),
        ("30 bar", "pressure", 3e6),
        ("7.5 mmHg", "pressure", 999.9179),
        ("760 Torr", "pressure", 101325.0),
        ("-2 kPa", "pressure", -2000.0),
        ("1e-14 m2", "permeability", 1e-14),
        ("10 mm²", "permeability", 1e-5),
        ("1 darcy", "permeability", 9.869233e-13),
        ("100 Pa s^n", "consistency", 100.0),
        ("1.5 kPa*s^n", "consistency", 1500.0),
        ("0.1 Pa s", "viscosity", 0.1),
        ("0.1 Pa·s", "viscosity", 0.1),
        ("100 mPa s", "viscosity", 0.1),
        ("100 cP", "viscosity", 0.1),
        ("1 kg m^-1 s^-1", "viscosity", 1.0),
        ("37 degC", "temperature", 310.15),
        ("37 °C", "temperature", 310.15),
        ("310.15 K", "temperature", 310.15),
        ("44.4 kJ/mol", "molar energy", 44400.0),
        ("1.2 mm", "length", 1.2e-3),
        ("290 µm", "length", 2.9e-4),
        (".5 um", "length", 5e-7),
        ("8 min", "time", 480.0),
        ("1/60 s", "time", None),
        ("0.003 1/s", "rate", 0.003),
        ("0.003/s", "rate", 0.003),
        ("0.0039 1/K", "change per kelvin", 0.0039),
        ("193 kJ/kg", "specific energy", 193e3),
        ("1700 J/(kg K)", "specific heat", 1700.0),
        ("1.7 kJ kg^-1 K^-1", "specific heat", 1700.0),
        ("1.7 kJ/kg/K", "specific heat", 1700.0),
        ("1 cal/(g K)", "specific heat", 4184.0),
        ("1.38 g/cm3", "density", 1380.0),
        ("0.2 W/(m K)", "thermal conductivity", 0.2),
        ("2 mW / ( cm K )", "thermal conductivity", 0.2),
        ("0.2 W/(m degC)", "thermal conductivity", 0.2),
        ("50 W/(m2 K)", "heat transfer coefficient", 50.0),
        ("50 W/(m² K)", "heat transfer coefficient", 50.0),
        ("1 kg/(m s)", "viscosity", 1.0),
        ("1 kg/(m s) Pa/Pa", "viscosity", 1.0),
        ("1e-999999999 mL", "volume", 0.0),
    ],
)
def test_parse(text, dimension, si):
    if si is None:
        with pytest.raises(ValueError):
            parse_quantity(text, dimension)
    else:
        assert parse_quantity(text, dimension) == pytest.approx(si, rel=1e-6, abs=0)


@pytest.mark.parametrize(
    ("text", "dimension", "message"),
    [
        ("4", "volume", 'needs a unit of volume, such as "4 mL"'),
        ("4 kPa", "volume", 'is a pressure where a volume is needed, such as "4 mL"'),
        ("4 mll", "volume", 'has an unknown unit "mll" (did you mean "ml"?)'),
        ("4 MPA", "pressure", 'did you mean "MPa"?'),
        ("4 mL/mn", "flow rate", 'unknown unit "mn" in "mL/mn"'),
        ("4 mL s", "flow rate", "is in m^3 s^1 where a flow rate is needed"),
        ("4 1", "length", "is in no unit at all"),
        ("4 mL/", "volume", "incomplete unit"),
        ("4 //s", "rate", "unknown unit"),
        ("4 W/(m K", "thermal conductivity", "incomplete unit"),
        ("4 W/()", "thermal conductivity", "incomplete unit"),
        ("4 W/m K)", "thermal conductivity", "unknown unit"),
        ("4 (W)", "thermal conductivity", "unknown unit"),
        ("4 W/((m K))", "thermal conductivity", "unknown unit"),
        ("4 W/(m/K)", "thermal conductivity", "unknown unit"),
        ("4 W/m K", "thermal conductivity", "where a thermal conductivity is needed"),
        ("4,5 mL", "volume", "decimal point"),
        ("four mL", "volume", "does not begin with a number"),
        ("", "volume", "does not begin with a number"),
        ("nan mL", "volume", "does not begin with a number"),
        ("inf mL", "volume", "does not begin with a number"),
        ("1.2.3 mm", "length", "does not begin with a number"),
        ("1e999 mL", "volume", "too large a number"),
        ("1e308 km", "length", "unknown unit"),
        ("1e305 MPa", "pressure", "too large a number"),
        ("100 Pa s^n", "viscosity", "is a consistency where a viscosity is needed"),
        ("100 Pa min^n", "consistency", "unknown unit"),
        ("4 m^12", "volume", "unknown unit"),
        ("4 m" + "L" * 100, "volume", "too long"),
    ],
)
def test_refused(text, dimension, message):
    with pytest.raises(ValueError) as error:
        parse_quantity(text, dimension)
    assert message in str(error.value)


@given(FINITE, st.sampled_from(sorted(DIMENSIONS)))
def test_written_quantity_reads_back_to_the_same_float(value, dimension):
    assert parse_quantity(format_quantity(value, dimension), dimension) == value


@given(st.decimals(min_value=0, max_value=9999, places=3), st.sampled_from(sorted(UNITS)))
def test_short_text_in_any_unit_survives(number, unit):
    exponents = parse_unit(unit).exponents
    for name, dimension in DIMENSIONS.items():
        if dimension.exponents == exponents:
            value = parse_quantity(f"{number} {unit}", name)
            assert parse_quantity(format_quantity(value, name), name) == value


@given(st.text(max_size=30), st.sampled_from(sorted(DIMENSIONS)))
def test_any_text_gives_a_finite_number_or_a_message(text, dimension):
    try:
        assert math.isfinite(parse_quantity(text, dimension))
    except ValueError as error:
        assert len(str(error)) > 10


@given(st.text(alphabet="0123456789eE.+-/^ nmLPas*", max_size=25), st.sampled_from(sorted(DIMENSIONS)))
def test_almost_quantities_give_a_finite_number_or_a_message(text, dimension):
    try:
        assert math.isfinite(parse_quantity(text, dimension))
    except ValueError as error:
        assert len(str(error)) > 10


@pytest.mark.parametrize(
    ("value", "dimension", "text"),
    [
        (4e-6, "volume", "4 mL"),
        (4e-6 / 60, "flow rate", "4 mL/min"),
        (3e6, "pressure", "3 MPa"),
        (0.0, "pressure", "0 Pa"),
        (310.15, "temperature", "37 degC"),
        (1.2e-3, "length", "1.2 mm"),
        (240.0, "time", "4 min"),
        (30.0, "time", "30 s"),
        (75e3, "viscosity", "75 kPa s"),
        (100.0, "consistency", "100 Pa s^n"),
        (7.8e-9, "permeability", "7.8e-9 m2"),
    ],
)
def test_written_as_people_write(value, dimension, text):
    assert format_quantity(value, dimension) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_not_finite_is_not_written(value):
    with pytest.raises(ValueError, match="cannot be written"):
        format_quantity(value, "length")


def test_every_dimension_writes_and_reads_its_own_example():
    for name, dimension in DIMENSIONS.items():
        assert format_quantity(parse_quantity(dimension.example, name), name) == dimension.example
        assert any(parse_unit(u).factor == 1 and not parse_unit(u).offset for u in dimension.preferred)
