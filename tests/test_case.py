"""Cases: read, written, changed and digested; and what is said about everything that can be wrong in one."""

import copy
import dataclasses
import os
import pathlib
import subprocess
import sys
import tomllib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from cementflow.case import Permeability, Position, digest, load, preset, read_case, to_table, to_toml
from cementflow.case.ablation import AblationSpec, ApplicatorSpec, CanalTissue, DiscTissue, SoftTissue
from cementflow.case.cement_rules import (
    AGEING_PARAMETERS,
    ALL_AGEING_PARAMETERS,
    ALL_LAW_PARAMETERS,
    LAW_PARAMETERS,
)
from cementflow.case.compound_kinds import FlagOrQuantity, Names, Pair, Positions, Span, Whole, WordOrQuantity
from cementflow.case.edit import parse_setting, parse_settings
from cementflow.case.fields import entries
from cementflow.case.inline import inline, shown
from cementflow.case.kinds import Choice, Flag, Gauge, Number, Quantity, Text, Times, Triple
from cementflow.case.positions import PLACES, PermeabilityKind, PlaceKind, PositionKind
from cementflow.case.ranges import OUTSIDE
from cementflow.case.reference import reference_markdown
from cementflow.case.rules import GAUGE_DIAMETERS
from cementflow.case.schema import (
    AnisotropySpec,
    BoneSpec,
    BoneThermal,
    CannulaSpec,
    Case,
    CementSpec,
    CementThermal,
    CompartmentSpec,
    CortexSpec,
    CureSpec,
    DefectSpec,
    DensityMapSpec,
    ForaminaSpec,
    HeterogeneitySpec,
    ImagingSpec,
    InjectionSpec,
    MarrowSpec,
    MarrowThermal,
    NeedleSpec,
    NumericsSpec,
    OutletSpec,
    OutputSpec,
    PhysicsSpec,
    RadiopacifierSpec,
    RegionSpec,
    ScatterSpec,
    SourceSpec,
    StageSpec,
    StopSpec,
    SurroundingsSpec,
    UntilSpec,
    VeinsSpec,
)
from cementflow.case.sections import Table, Tables
from cementflow.case.write import WITHOUT_EFFECT
from cementflow.case.zoned import ByZone
from cementflow.errors import CaseError
from cementflow.presets import list_presets, load_preset
from cementflow.units import format_quantity, parse_quantity

ROOT = pathlib.Path(__file__).parents[1]

BASE = {
    "title": "base",
    "geometry": {"preset": "L3", "edge_length": "2 mm"},
    "bone": {"preset": "osteoporotic"},
    "marrow": {"viscosity": "0.1 Pa s"},
    "cement": {"preset": "medium", "age": "4 min"},
    "injection": {
        "volume": "4 mL",
        "flow_rate": "4 mL/min",
        "max_pressure": "3 MPa",
        "cannula": {"gauge": 11, "length": "120 mm", "tip": {"ap": 0.6, "lr": 0.45, "si": 0.5}},
    },
    "outlet": [
        {
            "name": "vein no. 1",
            "type": "B",
            "at": "posterior wall centre",
            "diameter": "3 mm",
            "length": "15 mm",
        },
        {"name": "defect", "type": "C", "at": {"ap": 0.5, "lr": 0.0, "si": 0.6}, "radius": "3 mm"},
    ],
}
GONE = object()


def changed(changes):
    """Deep copy of BASE with raw values put in by dotted key; GONE takes a key out."""
    table = copy.deepcopy(BASE)
    for key, value in changes.items():
        *path, last = key.split(".")
        here = table
        for name in path:
            here = here[int(name)] if isinstance(here, list) else here.setdefault(name, {})
        last = int(last) if isinstance(here, list) else last
        if value is GONE:
            del here[last]
        else:
            here[last] = value
    return table


def read(changes=None):
    return read_case(changed(changes or {}), "test.toml", "/data")


def again(case):
    return read_case(tomllib.loads(to_toml(case)), "again.toml", "/elsewhere")


# --- reading --------------------------------------------------------------------------------------


def test_base_is_valid_and_in_si():
    case = read()
    assert case.geometry.edge_length == 2e-3
    assert case.injection.cannula.inner_diameter == GAUGE_DIAMETERS[11]
    assert case.injection.cannula.tip == Position("fraction", (0.6, 0.45, 0.5))
    assert case.bone.permeability == Permeability(si=1e-8, ap=7.8e-9, lr=7.8e-9)
    assert case.outlet[0].viscosity == 0.0035
    assert case.outlet[1].viscosity is None
    assert case.cortex is None
    assert case.stop == StopSpec()
    assert case.source == "test.toml"


def test_preset_is_overridden_by_what_is_stated():
    case = read({"bone.porosity": 0.9})
    assert case.bone.porosity == 0.9
    assert case.bone.permeability == read().bone.permeability


def test_none_takes_out_what_a_preset_states():
    assert read().cement.growth == 333.0
    assert read({"cement.growth": "none"}).cement.growth is None


def test_cure_is_known_by_a_setting_time_or_by_its_begin():
    cure = read().cement.cure
    assert (cure.initial, cure.setting_temperature) == (None, 298.15)
    begun = read({"cement.cure.initial": 1e-3}).cement.cure
    assert (begun.initial, begun.setting_time, begun.setting_temperature) == (1e-3, None, None)
    timed = read({"cement.cure.setting_temperature": "23 degC"}).cement.cure
    assert (timed.initial, timed.setting_temperature) == (None, 296.15)


def test_density_follows_from_the_radiopacifier_unless_stated():
    def density(**parts):
        return read({"cement": {"law": "newtonian", "viscosity": "9 Pa s", **parts}}).cement.thermal.density

    assert density() == pytest.approx(1 / (0.2 / 4500 + 0.8 / 1180))
    assert density(radiopacifier={"share": 0}) == pytest.approx(1180)
    assert density(radiopacifier={"material": "ZrO2", "share": 0.3}) == pytest.approx(1550, abs=5)
    assert density(thermal={"density": "1.3 g/cm3"}) == 1300
    heavier = read().replace({"cement.radiopacifier.share": 0.4}).cement.thermal
    assert heavier.density == pytest.approx(1670, abs=5)
    own = read({"cement.thermal": {"density": "1.5 g/cm3", "conductivity": "0.18 W/(m K)"}})
    assert own.replace({"cement.radiopacifier.share": 0.4}).cement.thermal.conductivity == 0.18
    both = {"cement.radiopacifier.share": 0.4, "cement.thermal.density": "1.6 g/cm3"}
    assert own.replace(both).cement.thermal.density == 1600


def test_any_law_may_have_a_yield_stress():
    stated = {"law": "newtonian", "viscosity": "9 Pa s", "yield_stress": "50 Pa"}
    cement = read({"cement": stated}).cement
    assert (cement.yield_stress, cement.regularisation_time) == (50.0, 100.0)
    none = read({"cement": {"law": "newtonian", "viscosity": "9 Pa s"}}).cement
    assert (none.yield_stress, none.regularisation_time) == (None, None)


def test_run_can_go_on_until_the_cement_is_set():
    assert read().stop.until is None
    assert read({"stop.until": "set"}).stop.until == "set"
    assert again(read({"stop.until": "20 min"})).stop.until == 1200.0


@pytest.fixture
def two_cements(monkeypatch):
    """Presets that state a part of a section inside theirs."""
    bases = {name: load_preset("cements", "medium") for name in ("low", "medium")}
    bases["low"] |= {"law": "power", "K": "9 Pa s^n", "n": 0.5, "yield_stress": "7 Pa"}
    bases["low"]["cure"] = {"setting_time": "9 min", "set_at": 0.5}
    bases["medium"]["cure"] = {"setting_time": "8 min"}

    def fake(kind, name):
        return copy.deepcopy(bases[name]) if kind == "cements" else load_preset(kind, name)

    monkeypatch.setattr("cementflow.case.sections.load_preset", fake)
    monkeypatch.setattr("cementflow.case.edit.load_preset", fake)


@pytest.mark.usefixtures("two_cements")
def test_a_part_of_a_section_in_a_preset_can_be_stated():
    def cure(changes, base=None):
        case = read({"cement.preset": "low", **(base or {})}).replace(changes)
        assert again(case) == case
        c = case.cement.cure
        return c.initial, c.setting_time, c.set_at, c.rest_order

    own = {"cement.cure.rest_order": 1.0}
    assert cure({}) == (None, 540.0, 0.5, 1.06)
    assert cure({}, own) == (None, 540.0, 0.5, 1.0)
    assert cure(own) == (None, 540.0, 0.5, 1.0)
    assert cure({"cement.cure.initial": 0.01}) == (0.01, None, 0.5, 1.06)
    assert cure({}, {"cement.cure.initial": 0.01}) == (0.01, None, 0.5, 1.06)
    assert cure({"cement.preset": "medium"}) == (None, 480.0, 0.7, 1.06)
    assert cure({"cement.preset": "medium", "cement.cure.set_at": 0.6}) == (None, 480.0, 0.6, 1.06)
    assert cure({"cement.cure": {"rest_order": 1.0}}) == (None, 540.0, 0.5, 1.0)


@pytest.mark.usefixtures("two_cements")
def test_the_yield_stress_of_a_preset_belongs_to_its_law():
    def found(cement):
        case = read({"cement": {"preset": "low", **cement}})
        assert again(case) == case
        return case.cement.yield_stress

    newtonian = {"law": "newtonian", "viscosity": "9 Pa s"}
    assert found({}) == 7.0
    assert found({"law": "power"}) == 7.0
    assert found({"yield_stress": "none"}) is None
    assert found(newtonian) is None
    assert found(newtonian | {"yield_stress": "8 Pa"}) == 8.0
    changed_law = {f"cement.{k}": v for k, v in newtonian.items()}
    assert read({"cement": {"preset": "low"}}).replace(changed_law).cement.yield_stress is None


def test_preset_none_is_no_preset():
    stated = {"preset": "none", "porosity": 0.5, "permeability": "1e-9 m2"}
    assert read({"bone": stated}).bone.preset is None
    with pytest.raises(CaseError, match=r"bone.porosity is missing"):
        read({"bone.preset": "none"})


def test_regions_of_a_preset_can_be_emptied():
    assert len(read({"bone.preset": "metastatic"}).bone.region) == 1
    empty = read({"bone.preset": "metastatic", "bone.region": []})
    assert empty.bone.region == ()
    assert again(empty) == empty


def test_reference_age_defaults_to_the_age():
    table = {"law": "newtonian", "viscosity": "50 Pa s", "growth": "60 s", "age": "5 min"}
    assert read({"cement": table}).cement.reference_age == 300.0


def test_another_law_drops_what_only_the_preset_stated():
    cement = read({"cement.law": "newtonian", "cement.viscosity": "50 Pa s"}).cement
    assert (cement.viscosity, cement.n, cement.viscosity_zero) == (50.0, None, None)
    assert cement.growth == 333.0


def test_the_agreed_benchmark_can_be_stated():
    case = preset("box-ageing")
    assert case.geometry.size == (0.03, 0.03, 0.03)
    assert case.outlet == (OutletSpec(name="all faces", type="C", at="all faces", pressure=0.0),)
    assert case.cement.shear_rule == "simple"
    assert case.cement.growth == 60.0
    assert case.injection.flow_rate * 30 == pytest.approx(case.injection.volume)


def test_file_geometry_gets_units_axes_and_an_absolute_path():
    g = read({"geometry": {"surface": "sub/L3.obj", "axes": "als", "units": "m"}}).geometry
    assert g.surface == str(pathlib.Path("/data/sub/L3.obj").absolute())
    assert (g.axes, g.units, g.edge_length) == ("ALS", "m", 1.2e-3)
    mesh = read({"geometry": {"mesh": "L3.vtu"}}).geometry
    assert (mesh.axes, mesh.units, mesh.edge_length) == ("RAS", "mm", None)
    assert read().geometry.units is None


# --- everything that can be wrong -----------------------------------------------------------------

BALL = {
    "name": "cavity",
    "shape": "ball",
    "center": {"ap": 0.5, "lr": 0.5, "si": 0.5},
    "radius": "5 mm",
    "porosity": 1,
}
VEIN = {
    "name": "a vein",
    "type": "S",
    "path": [{"ap": 0.5, "lr": 0.5, "si": 0.5}, ["1 mm", "2 mm", "3.5 mm"]],
    "diameter": ["0.8 mm", "1.5 mm"],
    "into": "another vein",
    "blood_flow": "0.3 mL/min",
}
LAST_VEIN = VEIN | {"name": "another vein", "into": [], "drinks": False, "pressure": "2 kPa"}
LEFT_NEEDLE = {"name": "left", "gauge": 11, "length": "120 mm", "entry": "left"}


def needles(*stated):
    return {"injection.needle": list(stated), "injection.cannula": GONE}


def stages(*stated):
    return {"injection.stage": list(stated)}


PRESSURE_TIMES = [{"time": "0 s", "pressure": "1 kPa"}, {"time": "9 s", "pressure": "12 kPa"}]
WRONG = [
    # unknown names
    ({"injektion": {}}, 'injektion is unknown (did you mean "injection"?)'),
    ({"injection.volum": "4 mL"}, 'injection.volum is unknown (did you mean "volume"?)'),
    ({"xyz": 1}, "xyz is unknown; known here: title, geometry"),
    ({"two words\n": 1}, '"two words\\n" is unknown'),
    ({"outlet.0.presure": "1 kPa"}, 'outlet.vein no. 1.presure is unknown (did you mean "pressure"?)'),
    ({"injection.cannula.tip.pa": 0.5}, "injection.cannula.tip.pa is unknown"),
    (
        {"bone.permeability": {"si": "1e-8 m2", "ap": "1e-8 m2", "rl": "1e-8 m2"}},
        "bone.permeability.rl is unknown",
    ),
    # units and kinds
    ({"injection.volume": 4}, 'injection.volume = 4 needs a unit of volume, such as "4 mL"'),
    ({"injection.volume": 4.5}, "injection.volume = 4.5 needs a unit of volume"),
    ({"injection.volume": "4"}, 'injection.volume = "4" needs a unit of volume'),
    ({"injection.volume": "4 kPa"}, 'injection.volume = "4 kPa" is a pressure where a volume is needed'),
    ({"injection.volume": "4 mLL"}, 'did you mean "mL"'),
    ({"injection.volume": True}, "injection.volume = true is not a volume"),
    ({"injection.volume": ["4 mL"]}, 'injection.volume = ["4 mL"] is not a volume'),
    ({"cement.n": "0.5"}, 'cement.n = "0.5" is not a plain number'),
    ({"cement.n": True}, "cement.n = true is not a plain number"),
    ({"cement.law": 3}, 'cement.law = 3 is none of "newtonian", "power", "carreau"'),
    ({"cement.law": "carreu"}, 'did you mean "carreau"?'),
    ({"cement.K": "100 Pa s"}, "is a viscosity where a consistency is needed"),
    ({"title": 3}, "title = 3 is not a text"),
    ({"title": "a\nb"}, "title = "),
    ({"title": "x" * 300}, "longer than 200 characters"),
    ({"output.figures": "yes"}, 'output.figures = "yes" is neither true nor false'),
    ({"output.field_times": "10 s"}, "is not a list of times"),
    ({"output.field_times": ["10 s", 20]}, "output.field_times.1 = 20 needs a unit of time"),
    ({"injection": 3}, "injection = 3 is not a table"),
    ({"injection.cannula": "11 G"}, 'injection.cannula = "11 G" is not a table'),
    ({"outlet": {"name": "x"}}, "is not a list of tables; write [[outlet]]"),
    ({"outlet": [3]}, "outlet.0 = 3 is not a table"),
    (
        {"geometry.edge_length": tomllib.loads("x = 2026-01-01")["x"]},
        "geometry.edge_length = 2026-01-01 is not",
    ),
    # out of range, absurd
    ({"injection.volume": "4 L"}, 'injection.volume = "4 L" is above the largest sensible value, 100 mL'),
    ({"injection.volume": "-4 mL"}, "is below the smallest sensible value"),
    ({"injection.volume": "1e999 mL"}, "is too large a number"),
    (
        {"geometry.edge_length": "1 m"},
        'geometry.edge_length = "1 m" is above the largest sensible value, 10 mm',
    ),
    ({"bone.porosity": 1.2}, "bone.porosity = 1.2 is outside 0.01 to 1"),
    ({"bone.porosity": float("nan")}, "bone.porosity = nan is outside"),
    ({"bone.porosity": float("inf")}, "bone.porosity = inf is outside"),
    ({"bone.porosity": 16**6000}, "bone.porosity = 0x1000"),
    ({"cement.temperature": "23 K"}, "is below the smallest sensible value"),
    ({"injection.cannula.gauge": 12}, "injection.cannula.gauge = 12 is not a known gauge (8, 10, 11, 13)"),
    ({"injection.cannula.gauge": "12 G"}, "is not a known gauge"),
    # positions and tensors
    ({"injection.cannula.tip.ap": 3}, "injection.cannula.tip.ap = 3 is outside -0.25 to 1.25"),
    ({"injection.cannula.tip.ap": GONE}, "injection.cannula.tip.ap is missing"),
    ({"injection.cannula.tip": [1, 2, 3]}, "injection.cannula.tip.0 = 1 needs a unit of length"),
    ({"injection.cannula.tip": ["1 mm", "2 mm"]}, "is not a position"),
    ({"injection.cannula.tip": "posterior wall centre"}, "is not a table"),
    ({"outlet.0.at": "posterior wall center"}, 'did you mean "posterior wall centre"?'),
    ({"bone.permeability": {"si": "1e-8 m2"}}, "bone.permeability.ap is missing"),
    ({"bone.permeability": "1e-8"}, "needs a unit of permeability"),
    ({"bone.permeability": True}, "is not a table"),
    # missing
    ({"injection": GONE}, "injection is missing"),
    ({"injection.volume": GONE}, "injection.volume is missing: volume to be injected"),
    ({"bone": {}}, "bone.porosity is missing: state it or name a preset"),
    ({"cement": {}}, "cement.law is missing"),
    ({"marrow": {}}, "marrow.viscosity is missing"),
    ({"cement": {"law": "power", "n": 0.5}}, 'cement.K is missing: law = "power" needs it'),
    (
        {"cement": {"law": "herschel-bulkley", "K": "9 Pa s^n", "n": 0.5}},
        'cement.yield_stress is missing: law = "herschel-bulkley" needs it',
    ),
    ({"cement.law": "carreau-yasuda"}, 'cement.a is missing: law = "carreau-yasuda" needs it'),
    ({"geometry": {}}, "geometry needs one of preset, mesh, surface"),
    ({"injection.cannula": GONE}, "injection needs one of cannula, needle, source"),
    ({"injection.cannula.gauge": GONE}, "injection.cannula.gauge or inner_diameter must be stated"),
    ({"outlet": []}, "outlet is missing: with a sealed wall nothing can be injected"),
    ({"outlet.0.type": GONE}, "outlet.vein no. 1.type is missing"),
    ({"outlet.1.name": GONE}, "outlet.1.name is missing"),
    ({"outlet.1.radius": GONE}, "radius is missing: state the radius of an open patch"),
    ({"outlet.0.length": GONE}, "length is missing: a tube needs diameter and length"),
    ({"cortex.thickness": "0.2 mm"}, "cortex.permeability is missing"),
    ({"geometry": {"preset": "box"}}, "geometry.size is missing"),
    ({"geometry": {"preset": "ball"}}, "geometry.radius is missing"),
    (
        {"bone.region": [{"shape": "box", "radius": "5 mm", "porosity": 1}]},
        "bone.region.0.center is missing",
    ),
    # presets
    ({"bone.preset": "osteoporotc"}, 'did you mean "osteoporotic"?'),
    ({"cement.preset": 3}, 'cement.preset = 3 is none of "contrast", "high", "high-plain"'),
    ({"marrow": {"preset": "green"}}, 'marrow.preset = "green" is none of'),
    # contradictions
    ({"geometry.mesh": "a.vtu"}, "geometry.preset and geometry.mesh exclude each other"),
    (
        {"geometry": {"mesh": "a.vtu", "surface": "b.obj"}},
        "geometry.mesh and geometry.surface exclude each other",
    ),
    (
        {"geometry": {"mesh": "a.vtu", "edge_length": "1 mm"}},
        "geometry.edge_length cannot be chosen for a mesh",
    ),
    ({"geometry.units": "mm"}, "geometry.units is for a mesh, a surface or a label image"),
    ({"geometry.size": "30 mm"}, 'geometry.size belongs to preset = "box"'),
    ({"geometry": {"surface": "a.obj", "axes": "RLS"}}, 'geometry.axes = "RLS" must say where'),
    ({"geometry": {"mesh": ""}}, "is not the path of a file"),
    (
        {"geometry": {"labels": "a.nii"}},
        "geometry.label is missing: say which voxels of the image are the bone",
    ),
    ({"geometry": {"labels": "a.nii", "label": []}}, "geometry.label = [] is not whole number"),
    ({"geometry": {"labels": "a.nii", "label": [1, 0]}}, "geometry.label.1 = 0 is no whole number"),
    ({"geometry": {"labels": "a.nii", "label": 1, "units": "m"}}, "geometry.units comes from the image"),
    ({"geometry": {"labels": "a.nii", "label": 1, "axes": "RAS"}}, "geometry.axes comes from the image"),
    (
        {"geometry": {"labels": "a.nii", "label": 1, "mesh": "b.vtu"}},
        "mesh and geometry.labels exclude each other",
    ),
    ({"geometry": {"image": "a.nii"}}, "geometry needs one of preset, mesh, surface, labels"),
    ({"geometry.image": "a.nii"}, "geometry.image is for a body from a file"),
    ({"geometry.label": 3}, "geometry.label is for a label image"),
    ({"bone.density_map": {"calibration": "HU"}}, "geometry.image is missing: bone.density_map reads"),
    ({"bone.density_map": {"calibration": "hu"}}, 'did you mean "HU"'),
    ({"bone.density_map": {}}, "bone.density_map.calibration is missing"),
    ({"bone.density_map": {"calibration": "HU", "slope": 1}}, 'slope is for calibration = "linear"'),
    ({"bone.density_map": {"calibration": "linear", "slope": 1}}, "density_map.offset is missing"),
    (
        {"bone.density_map": {"calibration": "HU", "tissue_density": "1 g/cm3"}},
        "tissue_density is for calibration",
    ),
    (
        {"bone.density_map": {"calibration": "HU", "trabeculae": "rods"}},
        'trabeculae is for law = "kozeny-carman"',
    ),
    ({"bone.density_map": {"calibration": "HU", "porosity_range": [0.9, 0.5]}}, "must begin below its end"),
    (
        {"bone.density_map": {"calibration": "HU", "porosity_range": 0.9}},
        "is not a list of lowest and highest",
    ),
    (
        {"bone.density_map": {"calibration": "HU"}, "bone.porosity": 0.9},
        "bone.porosity and bone.density_map exclude each other",
    ),
    (
        {"bone.density_map": {"calibration": "HU", "anisotropy": {}}, "bone.permeability": "1e-8 m2"},
        "bone.permeability and bone.density_map.anisotropy state the same",
    ),
    ({"geometry": {"mesh": "a\0b"}}, "is not the path of a file"),
    (
        {"geometry": {"mesh": "a.vtu", "body": {"low": ["0 mm"] * 3, "high": ["1 mm", "1 mm", "0 mm"]}}},
        "geometry.body.low must be below high",
    ),
    (
        {"geometry": {"preset": "box", "size": "10 mm", "edge_length": "5 mm"}},
        "geometry.edge_length is too long",
    ),
    (
        {"geometry": {"preset": "box", "size": ["1 mm", "2 mm"]}},
        "is not one length or a list of three lengths",
    ),
    ({"injection.source": {"center": {"ap": 0, "lr": 0, "si": 0}, "radius": "3 mm"}}, "exclude each other"),
    ({"injection.cannula.inner_diameter": "3 mm"}, "contradicts gauge = 11, which stands for 2.4 mm"),
    (
        {"injection.flow_rate": GONE, "injection.max_pressure": GONE},
        "injection.flow_rate is missing: state it, or",
    ),
    (
        {"injection.plunger": {"diameter": "1 cm", "force": "3 N"}},
        "injection.plunger.force does not overcome",
    ),
    (
        {"injection.plunger": {"diameter": "3 cm", "force": "5.5 N"}},
        "injection.plunger.force is not above the pressure at any outlet",
    ),
    ({"injection.cannula.proximal_diameter": "4 mm"}, "injection.cannula.proximal_length is missing"),
    (
        {"injection.cannula.proximal_diameter": "4 mm", "injection.cannula.proximal_length": "12 cm"},
        "injection.cannula.proximal_length must be below the length of the whole needle",
    ),
    ({"injection.cannula.opening": "side"}, "injection.cannula.direction is missing: say where the window"),
    ({"injection.cannula.direction": "left"}, 'has no meaning with opening = "around"'),
    ({"injection.cannula.opening": "sideways"}, 'did you mean "side"'),
    ({"outlet.0.radius": "1 mm"}, "(an open patch) and diameter with length (a tube) exclude each other"),
    ({"outlet.1.viscosity": "1 Pa s"}, "is for the fluid that stands in a tube"),
    ({"outlet.0.at": "all faces"}, 'diameter has no meaning for at = "all faces"'),
    ({"outlet.1.name": "vein no. 1"}, 'outlet has 2 entries with the name "vein no. 1"'),
    (
        {"outlet.1.name": "vein no. 1", "outlet.1.radius": "x"},
        'outlet has 2 entries with the name "vein no. 1"',
    ),
    ({"outlet.1.name": "total"}, "is a reserved word"),
    ({"outlet.1.name": ""}, "is empty"),
    ({"outlet.1.name": " a"}, "without blanks at its ends"),
    (
        {"cortex": {"thickness": "1 mm", "permeability": "1e-14 m2"}, "outlet": [{"at": "all faces"}]},
        'cortex and an outlet with at = "all faces" exclude each other',
    ),
    ({"cement.viscosity": "50 Pa s"}, 'cement.viscosity has no meaning with law = "carreau", which takes'),
    ({"cement.ageing": "two-fase"}, 'did you mean "two-phase"?'),
    (
        {"cement.ageing": "two-phase", "cement.polymerisation_growth": "50 s"},
        'cement.polymerisation_age is missing: ageing = "two-phase" needs it',
    ),
    (
        {"cement.polymerisation_age": "8 min"},
        "cement.polymerisation_age has no meaning with ageing = ",
    ),
    (
        {"cement.ageing": "exponential", "cement.gel_cure": 0.5},
        'cement.gel_cure has no meaning with ageing = "exponential"',
    ),
    (
        {"cement": {"law": "newtonian", "viscosity": "9 Pa s", "regularisation_time": "9 s"}},
        "cement.regularisation_time has no meaning without yield_stress",
    ),
    (
        {"cement.law": "herschel-bulkley", "cement.K": "9 Pa s^n"},
        'cement.yield_stress is missing: law = "herschel-bulkley" needs it',
    ),
    ({"cement.working_window": ["9 min", "3 min"]}, "must begin before it ends"),
    ({"cement.working_window": ["9 min"]}, "is not a list of begin and end"),
    ({"cement.working_window": ["3 min", 9]}, "cement.working_window.1 = 9 needs a unit of time"),
    # needles and stages
    ({"injection.needle": [LEFT_NEEDLE]}, "injection.cannula and injection.needle exclude each other"),
    (needles(), "injection.needle is empty"),
    (
        needles({"name": "a", "gauge": 11, "length": "120 mm"}),
        'injection.needle.a.tip is missing: state where the tip is, or entry = "left" or "right"',
    ),
    (needles(LEFT_NEEDLE | {"entry": "lefft"}), 'is none of "left", "right" (did you mean "left"?)'),
    (
        needles({**BASE["injection"]["cannula"], "name": "a", "depth": "20 mm"}),
        "injection.needle.a.depth needs entry, from which it is measured",
    ),
    (needles(LEFT_NEEDLE | {"gauge": 12}), "injection.needle.left.gauge = 12 is not a known gauge"),
    (
        stages({"inject": "1 mL", "pause": "9 s"}),
        "injection.stage.0.inject and injection.stage.0.pause exclude",
    ),
    (
        stages({"flow_rate": "1 mL/min"}),
        "injection.stage.0 does nothing: state inject, pause, withdraw, or until",
    ),
    (
        stages({"pause": "9 s", "flow_rate": "1 mL/min"}),
        "injection.stage.0.flow_rate has no meaning beside pause",
    ),
    (
        stages({"withdraw": "9 mm", "on_leak": "stop"}),
        "injection.stage.0.on_leak has no meaning beside withdraw",
    ),
    (stages({"inject": "1 mL", "until": {}}), "injection.stage.0.until states nothing"),
    (stages({"inject": "1 mL", "batch": {}}), "injection.stage.0.batch needs one of mixed, age"),
    (
        stages({"inject": "1 mL", "name": "stage 2"}, {"inject": "1 mL"}),
        'has 2 entries with the name "stage 2"',
    ),
    (
        stages({"inject": "1 mL", "needle": "left"}),
        'names "left", which is no needle; state [[injection.needle]]',
    ),
    (
        needles(LEFT_NEEDLE) | stages({"inject": "1 mL", "needle": "lefft"}),
        'injection.stage.stage 1.needle names "lefft", which is no needle (did you mean "left"?)',
    ),
    (
        stages({"pause": "9 s"}, {"inject": "1 mL"}),
        "injection.stage.stage 1.pause comes before anything was injected",
    ),
    (
        stages({"inject": "1 mL"}, {"pause": "9 s"}),
        "injection.stage.stage 2.pause ends the injection; stop.until",
    ),
    (
        stages({"inject": "3 mL"}, {"inject": "1.5 mL"}),
        "injection.volume is less than the stages inject, 4.5 mL",
    ),
    (
        stages({"name": "a", "until": {"time": "9 s"}}) | {"injection.volume": GONE},
        'injection.volume is missing: stage "a" may inject all that is left of it',
    ),
    (
        stages({"inject": "1 mL", "until": {"syringe_pressure": "4 MPa"}}),
        "injection.stage.stage 1.until.syringe_pressure is never reached: it is above injection.max_pressure",
    ),
    (
        stages({"inject": "1 mL", "max_tip_pressure": "1 MPa", "until": {"tip_pressure": "2 MPa"}}),
        "until.tip_pressure is never reached: it is above injection.stage.0.max_tip_pressure",
    ),
    (
        stages({"inject": "1 mL", "until": {"leaked": "0.3 mL"}}) | {"stop.leaked": "0.2 mL"},
        "injection.stage.stage 1.until.leaked is never reached: stop.leaked ends the injection before",
    ),
    (stages({"inject": "1 mL", "on_leak": "pause"}), 'leak_limit is missing: on_leak = "pause" needs it'),
    (stages({"inject": "1 mL", "leak_limit": "1 mL"}), 'leak_limit has no meaning with on_leak = "go on"'),
    (
        stages(
            {
                "inject": "1 mL",
                "on_leak": "slow",
                "leak_limit": "1 mL",
                "leak_factor": 0.5,
                "leak_retries": 1.5,
            }
        ),
        "leak_retries must be a whole number",
    ),
    (
        stages({"inject": "1 mL"}) | {"injection.batch": [{"after": "1 mL", "mixed": "9 s"}]},
        "injection.batch is for an injection without stages",
    ),
    (
        stages({"inject": "1 mL"}, {"withdraw": "1 mm"}, {"inject": "1 mL"})
        | {
            "injection.cannula": GONE,
            "injection.source": {"center": {"ap": 0.5, "lr": 0.5, "si": 0.5}, "radius": "3 mm"},
        },
        "injection.stage.stage 2.withdraw needs a needle; injection.source is a ball without one",
    ),
    (
        stages({"inject": "1 mL", "name": "a", "max_pressure": "1 kPa"}),
        "injection.stage.a.max_pressure is not above the pressure at any outlet",
    ),
    # cure, heat, marrow, batches
    ({"cement.cur": {}}, 'cement.cur is unknown (did you mean "cure"?)'),
    ({"cement.cure": "fast"}, 'cement.cure = "fast" is not a table'),
    ({"cement.cure.initial": 0.5}, "cement.cure.initial = 0.5 is outside 1e-15 to 0.1"),
    (
        {"cement.cure.initial": 1e-3, "cement.cure.setting_time": "9 min"},
        "cement.cure.setting_time and initial exclude each other; state one",
    ),
    ({"cement.cure.setting_tim": "9 min"}, 'did you mean "setting_time"?'),
    ({"cement.cure.limit_offset": -2}, "cement.cure.limit_offset and limit_slope leave nothing to cure"),
    ({"cement.cure.limit_slope": 0.0039}, "needs a unit of change per kelvin"),
    ({"cement.cure.enthalpy": "193 kJ/mol"}, "is a molar energy where a specific energy is needed"),
    ({"cement.thermal.conductivity": "0.2 W/K"}, "where a thermal conductivity is needed"),
    ({"cement.radiopacifier.material": "BaSO"}, 'did you mean "BaSO4"?'),
    ({"bone.thermal.densty": "1 g/cm3"}, 'bone.thermal.densty is unknown (did you mean "density"?)'),
    ({"surroundings.exchange": "50 W/m2"}, "where a heat transfer coefficient is needed"),
    ({"marrow.n": 0.5}, "marrow.relaxation_time is missing: marrow that thins under shear needs both"),
    ({"marrow.viscosity_infinity": "1 mPa s"}, "marrow.viscosity_infinity needs n and relaxation_time"),
    ({"marrow.viscosity": "500 Pa s"}, "marrow.viscosity must not be above maximum_viscosity"),
    ({"physics.heat": "yes"}, 'physics.heat = "yes" is neither true nor false'),
    ({"physics.shear_thining": False}, 'did you mean "shear_thinning"?'),
    ({"stop.until": "sett"}, 'is none of "set", "cool" and no time (did you mean "set"?)'),
    ({"stop.until": 3}, "stop.until = 3 needs a unit of time"),
    ({"stop.until": "0 s"}, "is below the smallest sensible value"),
    ({"stop.until": "set", "cement.cure.set_at": 0.9}, "stop.until is never reached"),
    ({"injection.batch": [{"after": "2 mL"}]}, "injection.batch.0.mixed is missing"),
    (
        {"injection.batch": [{"after": f"{v} mL", "mixed": "1 min"} for v in (2, 2)]},
        "injection.batch must be in the order in which they are injected",
    ),
    (
        {"injection.batch": [{"after": "4 mL", "mixed": "1 min"}]},
        "injection.batch begins when the whole volume is in",
    ),
    (
        {"injection.batch": [{"after": "2 mL", "mixed": "30 s"}, {"after": "3 mL", "mixed": "46 s"}]},
        "injection.batch.1.mixed is too late: the syringe is changed 45 s after the start",
    ),
    (
        {"injection.flow_rate": None, "injection.batch": [{"after": "2 mL", "mixed": "1 s"}]},
        "injection.batch.0.mixed is too late: the syringe is changed at a time that is not known",
    ),
    ({"cement.a": 1.5}, 'cement.a has no meaning with law = "carreau"'),
    ({"cement.law": "herschel-bulkely"}, 'did you mean "herschel-bulkley"?'),
    ({"cement.shear_rule": "cristopher-middleman"}, 'did you mean "christopher-middleman"?'),
    (
        {"cement.law": "cross", "cement.n": 1.2},
        'cement.n must be below 1 with law = "cross", whose thinning has the power 1 - n',
    ),
    ({"cement.viscosity_infinity": "200 Pa s"}, "cement.viscosity_infinity must not be above viscosity_zero"),
    ({"cement.maximum_viscosity": "50 Pa s"}, "cement.viscosity_zero must not be above maximum_viscosity"),
    ({"cement.shear_rate_max": "1e-4 1/s"}, "cement.shear_rate_min must not be above shear_rate_max"),
    ({"numerics.min_step": "10 s"}, "numerics.min_step must not be above max_step"),
    ({"bone.residual_cement": 0.5, "bone.residual_marrow": 0.5}, "leave less than 5 % of the pores"),
    (
        {"bone.region": [{"labels": "a.nii", "porosity": 0.9}]},
        "label is missing: say which voxels",
    ),
    (
        {"bone.region": [{"labels": "a.nii", "label": 1, "radius": "3 mm", "porosity": 0.9}]},
        "radius is for a shape; a label needs no measures",
    ),
    ({"bone.region": [BALL | {"label": 1}]}, "label is for an image"),
    ({"bone.region": [{"labels": "a.nii", "label": 1.5, "porosity": 0.9}]}, "is no whole number"),
    (
        {"bone.region": [BALL | {"tag": 3}]},
        "bone.region.cavity.shape and bone.region.cavity.tag exclude each other",
    ),
    (
        {"bone.region": [{"tag": 3, "radius": "3 mm", "porosity": 1}]},
        "is for a shape; a tag needs no measures",
    ),
    ({"bone.region": [{"tag": 2.5, "porosity": 1}]}, "is neither the number nor the name of a region"),
    ({"bone.region": [{"tag": 3}]}, "or the region changes nothing"),
    ({"bone.region": [BALL, BALL]}, 'bone.region has 2 entries with the name "cavity"'),
    (
        {"bone.region": [BALL | {"radii": ["1 mm"] * 3}]},
        "radius and bone.region.cavity.radii exclude each other",
    ),
    (
        {"bone.region": [{**BALL, "radius": "none", "radii": ["1 mm", "1 mm", "2 mm"]}]},
        'differ, which a "ball" cannot have',
    ),
    ({"injection.max_pressure": "1 kPa"}, "is not above the pressure at any outlet, so nothing would flow"),
]


@pytest.mark.parametrize(("changes", "fragment"), WRONG, ids=[f[:50] for _, f in WRONG])
def test_what_is_wrong_is_said(changes, fragment):
    with pytest.raises(CaseError) as error:
        read(changes)
    assert any(fragment in p for p in error.value.problems), error.value.problems
    assert str(error.value).startswith("test.toml: ")
    assert "INVALID" not in str(error.value)


def test_one_mistake_gives_one_problem():
    # Where one entry is refused nothing else may be reported as a consequence.
    alone = [c for c, _ in WRONG if len(c) == 1 and not isinstance(next(iter(c.values())), dict)]
    counts = {}
    for changes in alone:
        with pytest.raises(CaseError) as error:
            read(changes)
        counts[next(iter(changes))] = error.value.problems
    several = {k: v for k, v in counts.items() if len(v) > 1}
    # These two are mistakes twice over: a tube on all faces; the parameter of another law in a wrong unit.
    assert set(several) == {"outlet.0.at", "cement.K"}, several


def test_all_problems_are_listed_at_once():
    with pytest.raises(CaseError) as error:
        read(
            {
                "injection.volume": 4,
                "injektion": {},
                "geometry.edge_length": "1 m",
                "outlet.0.pressure": "1 mL",
                "outlet.1.at": "nowhere",
                "bone.porosity": 2,
                "bone.residual_marrow": "x",
                "cement.preset": "stone",
            }
        )
    assert len(error.value.problems) == 8
    text = str(error.value)
    for key in (
        "injection.volume",
        "injektion",
        "edge_length",
        "vein no. 1.pressure",
        "defect.at",
        "porosity",
    ):
        assert key in text
    assert "test.toml: 8 problems" in text


def test_empty_case_asks_for_every_section():
    with pytest.raises(CaseError) as error:
        read_case({}, "empty.toml", ".")
    missing = {p.split(" ")[0] for p in error.value.problems}
    assert {"geometry", "bone", "cement", "injection", "outlet"} <= missing


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["4 mL", "none"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def leaf_paths(section, prefix=""):
    """Dotted key of every entry, through sections and the first element of lists."""
    for name, e in entries(section).items():
        yield f"{prefix}{name}"
        if isinstance(e.kind, Table):
            yield from leaf_paths(e.kind.section, f"{prefix}{name}.")
        elif isinstance(e.kind, Tables):
            yield from leaf_paths(e.kind.section, f"{prefix}{name}.0.")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(sorted(leaf_paths(Case))), JUNK, min_size=1, max_size=4))
def test_junk_gives_a_case_or_a_case_error(junk):
    table = copy.deepcopy(BASE)
    for key, value in junk.items():
        *path, last = key.split(".")
        here = table
        for name in path:
            if isinstance(here, list):
                here = here[0] if here else {}
            elif isinstance(here, dict):
                here = here.setdefault(name, {})
        if isinstance(here, dict):
            here[last] = value
    try:
        case = read_case(table, "junk.toml", "/data")
    except CaseError as error:
        assert error.problems
    else:
        assert again(case) == case


# --- files ----------------------------------------------------------------------------------------


def test_load_resolves_from_the_folder_of_the_file(tmp_path):
    (tmp_path / "mesh.vtu").write_bytes(b"mesh")
    case = read({"geometry": {"mesh": "mesh.vtu"}})
    (tmp_path / "case.toml").write_text(to_toml(case).replace("/data/", ""))
    loaded = load(tmp_path / "case.toml")
    assert loaded.geometry.mesh == str(tmp_path / "mesh.vtu")
    assert loaded.folder == tmp_path


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (b"title = ", "is not TOML: Invalid value"),
        (b"a = 1\na = 2", "is not TOML: Cannot overwrite"),
        (b"\x00\x01\xff\xfe", "is not a text file"),
        (b"\x89PNG\r\n\x1a\n", "is not a text file"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "is not TOML"),
        (b"a = " + b"9" * 6000, "is not TOML"),
        (b"a\0 = 1", "is not TOML"),
        (b"# " + b"x" * 6_000_000, "too large"),
        (b"", "geometry is missing"),
    ],
    ids=["syntax", "twice", "binary", "png", "deep", "digits", "nul", "large", "empty"],
)
def test_unusable_file(tmp_path, content, fragment):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(CaseError) as error:
        load(path)
    assert fragment in str(error.value)
    assert str(path) in str(error.value)
    assert error.value.exit_status == 2


def test_missing_file_names_a_neighbour(tmp_path):
    (tmp_path / "l3.toml").write_text("")
    with pytest.raises(CaseError, match=r'there is no such file \(did you mean "l3.toml"\?\)'):
        load(tmp_path / "l33.toml")
    with pytest.raises(CaseError, match="there is no such file"):
        load(tmp_path / "nowhere" / "x.toml")
    with pytest.raises(CaseError, match="no such file"):
        load(tmp_path / "l3.toml" / "x.toml")
    with pytest.raises(CaseError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(CaseError, match="cannot be read"):
        load("a\0b")


def test_byte_order_mark_is_accepted(tmp_path):
    path = tmp_path / "case.toml"
    path.write_bytes(b"\xef\xbb\xbf" + to_toml(read()).encode())
    assert load(path) == read()


# --- writing --------------------------------------------------------------------------------------


def test_written_case_is_self_contained():
    text = to_toml(read())
    table = tomllib.loads(text)
    assert table["cement"]["growth"] == "333 s"
    assert table["bone"]["porosity"] == 0.91
    assert table["numerics"]["max_step"] == "5 s"
    for section in ("cement", "bone"):
        del table[section]["preset"]
    case = read_case(table, "x", ".")
    assert digest(case) == digest(read())


@pytest.mark.parametrize("name", list_presets("cases"))
def test_preset_cases_round_trip(name):
    case = preset(name)
    assert again(case) == case
    assert to_toml(again(case)) == to_toml(case)


def quantities(kind):
    low, high = kind.limits
    return st.floats(low, high).map(lambda v: format_quantity(v, kind.dimension))


POINTS = st.lists(quantities(Quantity("length", "-10 m", "10 m")), min_size=3, max_size=3)
FRACTIONS = st.fixed_dictionaries({k: st.floats(-0.25, 1.25) for k in ("ap", "lr", "si")})
PLAIN_TEXT = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=20)


def in_order(times):
    return sorted(times, key=lambda t: parse_quantity(t, "time"))


def values(kind):
    """Strategy for what a user may write for one kind of value."""
    match kind:
        case Quantity():
            return quantities(kind)
        case Number():
            return st.floats(kind.low, kind.high)
        case Choice():
            return st.sampled_from(kind.options)
        case Gauge():
            return st.sampled_from(kind.options)
        case Flag():
            return st.booleans()
        case Whole():
            return st.integers(kind.low, kind.high)
        case Text():
            return PLAIN_TEXT.filter(lambda t: t not in kind.reserved and t.isprintable())
        case Times():
            return st.lists(quantities(kind.item), max_size=3)
        case Triple():
            return st.lists(quantities(kind.item), min_size=3, max_size=3)
        case Span():
            return st.lists(quantities(kind.item), min_size=2, max_size=2, unique_by=str).map(in_order)
        case WordOrQuantity():
            return st.sampled_from(kind.words) | quantities(kind.item)
        case FlagOrQuantity():
            return st.booleans() | quantities(kind.item)
        case PositionKind():
            return POINTS | FRACTIONS
        case PlaceKind():
            return st.sampled_from([p for p in kind.places if p != PLACES[-1]]) | POINTS | FRACTIONS
        case ByZone():
            one, field = (
                quantities(kind.item),
                {"field": PLAIN_TEXT, "unit": st.just(kind.item.low.split()[-1])},
            )
            zones = {"elsewhere": one}, {"arch": one, "endplates": one, "left wall": one}
            return one | st.fixed_dictionaries(field) | st.fixed_dictionaries(zones[0], optional=zones[1])
        case Pair():
            return st.lists(quantities(kind.item), min_size=2, max_size=2)
        case Positions():
            return st.lists(POINTS | FRACTIONS, min_size=3, max_size=4)
        case Names():
            return st.lists(st.sampled_from(kind.options), max_size=3)
        case PermeabilityKind():
            one = quantities(kind.item)
            return one | st.fixed_dictionaries({"si": one, "ap": one, "lr": one})
    raise AssertionError(f"no strategy for {kind}")


def some(section, names, always=()):
    """Strategy for a table of a section: `always`, and any of `names`."""
    known = entries(section)
    return st.fixed_dictionaries(
        {n: values(known[n].kind) for n in always}, optional={n: values(known[n].kind) for n in names}
    )


def merged(*strategies):
    return st.tuples(*strategies).map(lambda tables: {k: v for t in tables for k, v in t.items()})


EDGE = st.fixed_dictionaries({}, optional={"edge_length": quantities(Quantity("length", "0.1 mm", "10 mm"))})
FILE = st.fixed_dictionaries(
    {},
    optional={
        "units": st.sampled_from(["mm", "m", "cm", "um"]),
        "axes": st.sampled_from(["RAS", "ALS", "LPS", "SRA"]),
        "body": st.just({"low": ["-1 mm", "0 mm", "2 mm"], "high": ["33.3 mm", "0.2 m", "1e5 um"]}),
    },
)
PATHS = PLAIN_TEXT.map(lambda t: f"sub/{t}.vtu")
GEOMETRY = st.one_of(
    merged(st.fixed_dictionaries({"preset": st.sampled_from(["L1", "L5"])}), EDGE),
    st.just({"preset": "box", "size": ["30 mm", "41 mm", "52.5 mm"], "edge_length": "1 mm"}),
    st.just({"preset": "box", "size": "77 mm"}),
    st.just({"preset": "ball", "radius": "15.1 mm"}),
    merged(st.fixed_dictionaries({"mesh": PATHS}), FILE),
    merged(st.fixed_dictionaries({"surface": PATHS}), FILE, EDGE),
)
ENDS = [{"ap": 0.1, "lr": 0.5, "si": 0.5}, {"ap": 0.9, "lr": 0.5, "si": 0.25}]
MEASURES = st.one_of(
    some(RegionSpec, (), ("center", "radius")).map(lambda t: t | {"shape": "ball"}),
    some(RegionSpec, (), ("center", "radii")).map(lambda t: t | {"shape": "cylinder"}),
    st.fixed_dictionaries({"tag": st.integers(0, 99) | PLAIN_TEXT}),
    st.fixed_dictionaries({"labels": PATHS, "label": st.integers(1, 2**31 - 1)}),
    some(RegionSpec, (), ("radius",)).map(lambda t: t | {"shape": "capsule", "points": ENDS}),
    st.just({"shape": "slab", "points": ENDS}),
    some(RegionSpec, (), ("radius",)).map(lambda t: t | {"shape": "tract"}),
    some(RegionSpec, (), ("radii",)).map(lambda t: t | {"shape": "ellipsoid"}),
)
RIM = some(RegionSpec, ("rim_porosity", "rim_permeability"), ("rim",))
SHAPED = MEASURES.filter(lambda t: "shape" in t)
REGIONS = st.lists(
    st.one_of(
        merged(MEASURES, some(RegionSpec, ("permeability", "marrow_viscosity"), ("porosity",))),
        merged(SHAPED, RIM),
        merged(MEASURES, some(RegionSpec, (), ("preset",))),
    ),
    max_size=2,
)
FLOWING = ("porosity", "permeability", "cement_exponent", "marrow_exponent")
RESIDUALS = st.fixed_dictionaries(
    {}, optional={"residual_marrow": st.floats(0, 0.4), "residual_cement": st.floats(0, 0.4)}
)
UNEVEN = some(HeterogeneitySpec, tuple(entries(HeterogeneitySpec)))
BONE = st.one_of(
    merged(
        some(BoneSpec, FLOWING, ("preset",)),
        st.fixed_dictionaries({}, optional={"thermal": some(BoneThermal, tuple(entries(BoneThermal)))}),
        st.fixed_dictionaries({}, optional={"heterogeneity": UNEVEN}),
        some(BoneSpec, ("perfusion",)),
        RESIDUALS,
        st.fixed_dictionaries({}, optional={"region": REGIONS}),
    ),
    merged(some(BoneSpec, FLOWING[2:], FLOWING[:2]), RESIDUALS, st.fixed_dictionaries({"region": REGIONS})),
)
LABELLED = merged(
    st.fixed_dictionaries({"labels": PATHS, "image": PATHS, "label": st.integers(1, 9) | st.just([2, 1, 2])}),
    EDGE,
)
MAPS = merged(
    st.just({"calibration": "HU"})
    | some(DensityMapSpec, ("tissue_density",)).map(lambda t: t | {"calibration": "mg/cm3"})
    | some(DensityMapSpec, (), ("slope", "offset")).map(lambda t: t | {"calibration": "linear"}),
    st.just({})
    | some(DensityMapSpec, ("trabecular_thickness", "trabeculae", "largest_permeability")).map(
        lambda t: t | {"law": "kozeny-carman"}
    ),
    some(DensityMapSpec, ("rim", "permeability_factor")),
    st.fixed_dictionaries(
        {},
        optional={
            "porosity_range": st.just([0.4, 0.99]),
            "anisotropy": some(AnisotropySpec, tuple(entries(AnisotropySpec))),
        },
    ),
)
IMAGED = st.fixed_dictionaries(
    {
        "geometry": LABELLED,
        "bone": merged(some(BoneSpec, ("preset",)), st.fixed_dictionaries({"density_map": MAPS})),
    }
)
AGE = ("age", "temperature", "growth", "reference_age", "reference_temperature", "activation_energy")
AGEING = st.one_of(
    st.just({}),
    some(CementSpec, (), ("polymerisation_age", "polymerisation_growth")).map(
        lambda t: t | {"ageing": "two-phase"}
    ),
    some(CementSpec, ("gel_cure", "gel_exponent", "gel_slope")).map(
        lambda t: t | {"ageing": "castro-macosko"}
    ),
)
PLUG = st.just({}) | some(CementSpec, ("regularisation_time",), ("yield_stress",))
REACTION = ("frequency", "activation_energy", "cure_order", "rest_order", "enthalpy")
CURE = merged(
    some(CureSpec, REACTION),
    st.fixed_dictionaries({}, optional={"set_at": st.floats(0.01, 0.6)}),
    st.just({}) | st.just({"limit_offset": 0.5, "limit_slope": "0.001 1/K"}),
    some(CureSpec, ("setting_time", "setting_temperature")) | some(CureSpec, (), ("initial",)),
)
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "cure": CURE,
        "thermal": some(CementThermal, tuple(entries(CementThermal))),
        "radiopacifier": some(RadiopacifierSpec, tuple(entries(RadiopacifierSpec))),
        "working_window": values(Span(Quantity("time", "0 s", "24 h"))),
    },
)
SHEAR = ("shear_factor", "shear_rule")
THICK = st.sampled_from(["1 Pa s", "1e2 Pa s", "12.3456789 kPa s"])
LAW = st.one_of(
    st.fixed_dictionaries({"law": st.just("newtonian"), "viscosity": THICK}),
    some(CementSpec, (), ("K", "n")).map(lambda t: t | {"law": "power"}),
    some(CementSpec, (), ("n", "relaxation_time")).map(
        lambda t: t | {"law": "carreau", "viscosity_zero": "33 Pa s"}
    ),
    some(CementSpec, (), ("n", "relaxation_time", "a")).map(
        lambda t: t | {"law": "carreau-yasuda", "viscosity_zero": "33 Pa s"}
    ),
    some(CementSpec, ("viscosity_infinity",), ("relaxation_time",)).map(
        lambda t: (
            t | {"law": "cross", "viscosity_zero": "1e7 Pa s", "maximum_viscosity": "1e9 Pa s", "n": 0.3}
        )
    ),
    some(CementSpec, ("regularisation_time",), ("K", "n", "yield_stress")).map(
        lambda t: t | {"law": "herschel-bulkley"}
    ),
    st.fixed_dictionaries({"preset": st.sampled_from(["low", "medium", "high"])}),
    st.just({"preset": "low", "growth": "none"}),
    st.fixed_dictionaries({"preset": st.just("medium"), "law": st.just("newtonian"), "viscosity": THICK}),
)
CEMENT = merged(some(CementSpec, (*AGE, *SHEAR)), PLUG, LAW, AGEING, PARTS)
CANNULA = merged(
    st.sampled_from([{"gauge": 8}, {"gauge": "11 G"}, {"inner_diameter": "2.345 mm"}]),
    some(CannulaSpec, ("tip_radius", "in_body", "slip"), ("length", "tip")),
    st.sampled_from([{}, {"length": "9 cm", "proximal_diameter": "4 mm", "proximal_length": "6 cm"}]),
    st.sampled_from([{}, {"opening": "front"}, {"opening": "side", "direction": "left"}]),
)
HAND = st.sampled_from([{}, {"plunger": {"diameter": "10 mm", "force": "80 N", "friction": "2 N"}}])
LIMITS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("max_pressure", "max_tip_pressure"), quantities(Quantity("pressure", "101 kPa", "90 MPa"))
    ),
)
ENTRY = st.one_of(
    CANNULA.map(lambda t: {"cannula": t}),
    some(SourceSpec, (), ("center", "radius")).map(lambda t: {"source": t}),
)
BATCHES = merged(
    st.just({"volume": "9 mL"}),
    # Mixed before the start, as it has to be when the syringe is changed.
    quantities(Quantity("time", "-24 h", "0 s")).map(
        lambda t: {"batch": [{"after": "2 mL", "mixed": t}, {"after": "3 mL", "mixed": "-1 min"}]}
    ),
)
NEEDLE = merged(
    CANNULA.map(lambda t: {k: v for k, v in t.items() if k != "tip"}),
    some(NeedleSpec, (), ("name",)),
    some(NeedleSpec, ("tip", "depth")).map(lambda t: t | {"entry": "left"})
    | some(NeedleSpec, ("entry",), ("tip",)),
)
# The pressures that end a stage are below every limit.
UNTIL = some(UntilSpec, ("time",)).map(lambda t: t | {"leaked": "1 uL"}) | st.just(
    {"syringe_pressure": "50 kPa", "tip_pressure": "40 kPa"}
)
PUSH = merged(
    st.just({}) | some(StageSpec, ("flow_rate", "name")),
    LIMITS,
    st.fixed_dictionaries({"inject": st.just("1.5 mL")}, optional={"until": UNTIL})
    | UNTIL.map(lambda t: {"until": t}),
    st.sampled_from(
        [
            {},
            {"on_leak": "stop", "leak_limit": "0.1 mL"},
            {"on_leak": "pause", "leak_limit": "0.1 mL", "leak_pause": "9 s", "leak_retries": 2},
            {"on_leak": "slow", "leak_limit": "0.1 mL", "leak_factor": 0.5},
        ]
    ),
    st.sampled_from([{}, {"batch": {"age": "3 min"}}, {"batch": {"mixed": "6 min"}}]),
)
PROTOCOL = st.builds(
    lambda needle, one, two, still: {
        "volume": "9 mL",
        "needle": [needle],
        "stage": [one | {"name": "one"}, *still, two | {"name": "two", "needle": needle["name"]}],
    },
    NEEDLE,
    PUSH,
    PUSH,
    st.sampled_from([[{"pause": "1 min"}], [{"withdraw": "5 mm"}], []]),
)
INJECTION = merged(
    some(InjectionSpec, (), ("flow_rate",)),
    LIMITS,
    HAND,
    merged(some(InjectionSpec, (), ("volume",)), ENTRY, st.just({}) | BATCHES) | PROTOCOL,
)
SITE = st.one_of(
    some(OutletSpec, ("permeability", "pressure"), ("name", "type", "at", "radius")),
    some(OutletSpec, ("permeability", "pressure", "viscosity"), ("name", "type", "at", "diameter", "length")),
)
WALL = merged(
    some(CortexSpec, ("pressure",), ("thickness", "permeability")),
    st.just({}) | some(ForaminaSpec, (), ("number", "diameter")).map(lambda t: {"foramina": t}),
)


def hole(shape, needed, may=()):
    """Defects of a shape."""
    named = {
        "name": PLAIN_TEXT.filter(lambda t: t not in ("total", "none", "cortex")),
        "type": st.sampled_from("BSCD"),
    }
    stated = st.fixed_dictionaries(
        named, optional={"behind": st.sampled_from(["canal", "disc"]), "pressure": values(OUTSIDE)}
    )
    return merged(stated, some(DefectSpec, may, needed)).map(lambda t: t | {"shape": shape})


LEFT = ("thickness", "permeability")
LESION = {
    "name": "lesion",
    "shape": "ball",
    "center": {"ap": 0.5, "lr": 0.5, "si": 0.5},
    "radius": "9 mm",
    "porosity": 0.5,
}
DEFECTS = st.lists(
    st.one_of(
        hole("disc", ("at", "radius"), LEFT),
        hole("ellipse", ("at", "radii"), ("toward", *LEFT)),
        hole("polygon", ("points",), LEFT),
        merged(
            hole("zone", ("zone",), LEFT),
            st.fixed_dictionaries({}, optional={"within": st.just(LESION["name"])}),
        ),
        hole("crack", ("points", "width"), ("thickness",)),
        hole("breach", ("at", "diameter")),
        hole("track", ("width", "length", "diameter")),
    ),
    min_size=1,  # rarer, some entry of one shape would be in no example
    max_size=3,
    unique_by=lambda t: t["name"],
)
TISSUE = st.one_of(
    some(CompartmentSpec, ("pressure", "stiffness", "permeability"), ("preset",)),
    some(CompartmentSpec, ("stiffness", "zones"), ("name",)),
)
WAYS_OUT = st.one_of(
    st.fixed_dictionaries(
        {"outlet": st.lists(SITE, min_size=1, max_size=3, unique_by=lambda t: t["name"])},
        optional={"cortex": WALL, "compartment": st.lists(TISSUE, max_size=1)},
    ),
    st.just({"outlet": [{"at": "all faces", "pressure": "0 Pa"}]}),
    st.fixed_dictionaries({"cortex": WALL}, optional={"defect": DEFECTS}),
)
TOLERANCES = ("step_tolerance", "picard_tolerance", "linear_tolerance")
WARM = ("reference_temperature", "activation_energy")
THINS = st.just({}) | merged(
    some(MarrowSpec, (), ("n", "relaxation_time")),
    st.just({}) | st.just({"viscosity_infinity": "1 mPa s"}),
)
MARROW = merged(
    st.sampled_from([{"viscosity": "12.3 mPa s"}, {"viscosity": "2 Pa s", "maximum_viscosity": "33 Pa s"}])
    | some(MarrowSpec, (), ("preset",)),
    some(MarrowSpec, WARM),
    THINS,
    st.fixed_dictionaries({}, optional={"thermal": some(MarrowThermal, tuple(entries(MarrowThermal)))}),
)
VEINS = merged(
    some(VeinsSpec, ("pressure", "blood_viscosity", "diameter_scale")),
    st.just({"preset": "lumbar"}) | st.just({"vein": [VEIN, LAST_VEIN], "pressure_times": PRESSURE_TIMES}),
    st.fixed_dictionaries({}, optional={"scatter": some(ScatterSpec, tuple(entries(ScatterSpec)))}),
)
ABLATED = {
    name: some(part, tuple(entries(part)))
    for name, part in (
        ("applicator", ApplicatorSpec),
        ("soft_tissue", SoftTissue),
        ("canal", CanalTissue),
        ("disc", DiscTissue),
    )
}
ABLATION = merged(
    some(AblationSpec, tuple(n for n in entries(AblationSpec) if n not in ABLATED)),
    st.fixed_dictionaries({}, optional=ABLATED),
)
REST = st.fixed_dictionaries(
    {"geometry": GEOMETRY, "bone": BONE, "cement": CEMENT, "injection": INJECTION},
    optional={
        "title": PLAIN_TEXT | st.just(""),
        "veins": VEINS,
        "ablation": ABLATION,
        "marrow": MARROW,
        "surroundings": some(SurroundingsSpec, tuple(entries(SurroundingsSpec))),
        "physics": some(PhysicsSpec, tuple(entries(PhysicsSpec))),
        "imaging": some(ImagingSpec, tuple(entries(ImagingSpec))),
        "stop": some(StopSpec, tuple(entries(StopSpec))),
        "output": some(OutputSpec, tuple(entries(OutputSpec))),
        "numerics": some(NumericsSpec, TOLERANCES)
        | st.fixed_dictionaries(
            {"min_step": st.just("1 ms"), "max_step": st.sampled_from(["1.25 s", "1 h"])}
        ),
    },
)


def with_lesion(table):
    """The case with the region that its walls are lost within."""
    regions = table["bone"].get("region", ())
    if LESION in regions or not any("within" in d for d in table.get("defect", ())):
        return table
    return table | {"bone": table["bone"] | {"region": [*regions, LESION]}}


VALID = merged(REST, WAYS_OUT).map(with_lesion)
OF_AN_IMAGE = merged(VALID, IMAGED).map(with_lesion)


def test_any_valid_case_round_trips_and_every_entry_is_tried():
    """Rounds of examples, with seeds of their own, until every entry was in one of them."""
    tried = set()

    def round_trip(table):
        case = read_case(table, "made.toml", "/data")
        text = to_toml(case)
        back = read_case(tomllib.loads(text), "written.toml", "/elsewhere")
        assert back == case
        assert to_toml(back) == text
        assert case.replace({}) == case
        tried.update(stated_paths(to_table(case)))

    checks = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    few = settings(checks, max_examples=60)
    inputs_only = {"bone.region.0.radius"}
    for number in range(8):
        seed(number)(checks(given(VALID)(round_trip)))()
        seed(number)(few(given(OF_AN_IMAGE)(round_trip)))()
        if set(leaf_paths(Case)) - tried == inputs_only:
            break
    assert set(leaf_paths(Case)) - tried == inputs_only


def stated_paths(table, prefix=""):
    for name, value in table.items():
        yield f"{prefix}{name}"
        if isinstance(value, dict):
            yield from stated_paths(value, f"{prefix}{name}.")
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            yield from stated_paths({k: v for item in value for k, v in item.items()}, f"{prefix}{name}.0.")


@given(st.text(), st.recursive(st.integers() | st.booleans() | st.text(), lambda x: st.lists(x, max_size=3)))
def test_inline_toml_reads_back(key, value):
    assert tomllib.loads(f"x = {inline({key: value})}") == {"x": {key: value}}


def test_very_long_values_are_cut_in_messages():
    assert len(shown("x" * 1000)) < 80


# --- changing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "look", "value"),
    [
        ({"injection.volume": "3 mL"}, lambda c: c.injection.volume, 3e-6),
        ({"outlet.0.pressure": "2 kPa"}, lambda c: c.outlet[0].pressure, 2e3),
        ({"outlet.vein no. 1.pressure": "2 kPa"}, lambda c: c.outlet[0].pressure, 2e3),
        ({"outlet.1.at.si": 0.25}, lambda c: c.outlet[1].at.values[2], 0.25),
        ({"outlet.defect.at": "left wall centre"}, lambda c: c.outlet[1].at, "left wall centre"),
        ({"injection.cannula.tip.ap": 0.7}, lambda c: c.injection.cannula.tip.values[0], 0.7),
        ({"bone.permeability.lr": "1e-9 m2"}, lambda c: c.bone.permeability.lr, 1e-9),
        ({"stop.leaked": "0.2 mL"}, lambda c: c.stop.leaked, 2e-7),
        (
            {"bone.region": [{"labels": "a.nii", "label": 29, "porosity": 0.9}]},
            lambda c: c.bone.region[0].label,
            29,
        ),
        ({"stop.seen": True}, lambda c: c.stop.seen, 0.0),
        ({"stop.seen": False}, lambda c: c.stop.seen, None),
        ({"stop.seen": "50 uL"}, lambda c: c.imaging.delay, 1.5),
        ({"injection.max_pressure": None}, lambda c: c.injection.max_pressure, None),
        ({"injection.max_pressure": "none"}, lambda c: c.injection.max_pressure, None),
        ({"cement.growth": None}, lambda c: c.cement.growth, None),
        ({"bone.region": [BALL]}, lambda c: len(c.bone.region), 1),
        ({"cortex": {"thickness": "0.2 mm", "permeability": "1e-14 m2"}}, lambda c: c.cortex.thickness, 2e-4),
        # alternatives
        ({"injection.cannula.gauge": 8}, lambda c: c.injection.cannula.inner_diameter, GAUGE_DIAMETERS[8]),
        ({"injection.cannula.inner_diameter": "3 mm"}, lambda c: c.injection.cannula.gauge, None),
        ({"geometry.mesh": "a.vtu"}, lambda c: (c.geometry.preset, c.geometry.edge_length), (None, None)),
        ({"geometry.surface": "a.obj"}, lambda c: c.geometry.edge_length, 2e-3),
        ({"geometry.preset": "box", "geometry.size": "30 mm"}, lambda c: c.geometry.size, (0.03,) * 3),
        (
            {"injection.source.center": ["0 mm"] * 3, "injection.source.radius": "3 mm"},
            lambda c: (c.injection.cannula, c.injection.source.radius),
            (None, 3e-3),
        ),
        ({"outlet.0.radius": "1 mm"}, lambda c: (c.outlet[0].diameter, c.outlet[0].viscosity), (None, None)),
        ({"cement.law": "newtonian", "cement.viscosity": "9 Pa s"}, lambda c: c.cement.viscosity_zero, None),
        (
            {
                "cement.law": "herschel-bulkley",
                "cement.K": "9 Pa s^n",
                "cement.n": 0.4,
                "cement.yield_stress": "50 Pa",
            },
            lambda c: (
                c.cement.yield_stress,
                c.cement.regularisation_time,
                c.cement.viscosity_zero,
                c.cement.a,
            ),
            (50.0, 100.0, None, None),
        ),
        ({"cement.yield_stress": "50 Pa"}, lambda c: c.cement.regularisation_time, 100.0),
        ({"cement.cure.initial": 0.01}, lambda c: c.cement.cure.setting_time, None),
        ({"physics.heat": True}, lambda c: c.physics.heat, True),
        ({"stop.until": "set"}, lambda c: c.stop.until, "set"),
        (
            {"cement.ageing": "castro-macosko"},
            lambda c: (c.cement.gel_cure, c.cement.gel_exponent, c.cement.gel_slope),
            (0.7, 1.5, 1.0),
        ),
        ({"cement.shear_rule": "eberhard"}, lambda c: c.cement.shear_factor, 2**0.5),
        ({"cement.shear_rule": "christopher-middleman"}, lambda c: c.cement.shear_factor, 12 / 150**0.5),
        ({"cement.shear_rule": "simple", "cement.shear_factor": 6}, lambda c: c.cement.shear_factor, 6.0),
        # presets
        ({"cement.preset": "high"}, lambda c: (c.cement.viscosity_zero, c.cement.n), (350.0, 0.5)),
        ({"cement.preset": "high", "cement.n": 0.7}, lambda c: c.cement.n, 0.7),
        ({"cement.preset": "high"}, lambda c: c.cement.age, 240.0),
        ({"marrow.preset": "tumour"}, lambda c: c.marrow.viscosity, 5.0),
        ({"bone.preset": "metastatic"}, lambda c: len(c.bone.region), 1),
        ({"bone.preset": None}, lambda c: (c.bone.preset, c.bone.porosity), (None, 0.91)),
        # what sweeps hand over
        ({"bone.porosity": np.float64(0.5)}, lambda c: c.bone.porosity, 0.5),
        ({"injection.cannula.gauge": np.int64(13)}, lambda c: c.injection.cannula.gauge, 13),
        ({"output.field_times": ("2 s", "1 s")}, lambda c: c.output.field_times, (1.0, 2.0)),
        ({"geometry.mesh": pathlib.Path("a.vtu")}, lambda c: c.geometry.mesh.endswith("a.vtu"), True),
    ],
)
def test_replace(changes, look, value):
    before = read()
    text = to_toml(before)
    assert look(before.replace(changes)) == value
    assert look(again(before).replace(changes)) == value
    assert to_toml(before) == text


def test_replacing_a_preset_takes_effect_in_full():
    power = {"law": "power", "K": "100 Pa s^n", "n": 0.6, "growth": "60 s"}
    cement = read({"cement": power}).replace({"cement.preset": "low"}).cement
    assert (cement.law, cement.K, cement.n, cement.growth) == ("carreau", None, 0.8, 222.0)
    own_cavity = read({"bone.region": [BALL]}).replace({"bone.preset": "healthy"})
    assert len(own_cavity.bone.region) == 1
    lesion = read({"bone.preset": "metastatic"}).replace({"bone.preset": "healthy"})
    assert lesion.bone.region == ()


def test_replace_lists_unknown_keys_and_wrong_values_together():
    with pytest.raises(CaseError) as error:
        read().replace({"injection.volume": 4, "outlet.9.radius": "1 mm", "bone.porosity": 3})
    assert len(error.value.problems) == 3


def test_replaced_path_resolves_from_the_folder_of_the_case():
    assert read().replace({"geometry.mesh": "a.vtu"}).geometry.mesh == str(
        pathlib.Path("/data/a.vtu").absolute()
    )


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"injektion.volume": "3 mL"}, 'injektion is unknown (did you mean "injection"?)'),
        ({"injection.volum": "3 mL"}, 'injection.volum is unknown (did you mean "volume"?)'),
        ({"injection.volume": 3}, "needs a unit of volume"),
        ({"outlet.5.pressure": "1 kPa"}, "outlet.5 does not exist; there are 2: vein no. 1, defect"),
        ({"outlet.defekt.pressure": "1 kPa"}, 'did you mean "defect"?'),
        ({"bone.region.0.porosity": 1}, "bone.region.0 does not exist; there is none"),
        ({"title.x": 1}, "title.x does not exist: title has no such part"),
        ({"injection.cannula.tip.0": 1}, "injection.cannula.tip.0 is unknown"),
        ({"injection.volume": None}, "injection.volume is missing"),
        ({"geometry.preset": "L4", "geometry.mesh": "a.vtu"}, "exclude each other"),
        ({"cement.preset": "stone"}, 'cement.preset = "stone" is none of'),
        ({"outlet.0": {}}, "outlet.0 does not exist"),
        ({"cortex": "none", "cortex.thickness": "1 mm"}, 'cortex = "none" is no table'),
        ({"outlet": 3, "outlet.0.at": "all faces"}, "outlet.0 does not exist"),
        ({"outlet": [3], "outlet.0.at": "all faces"}, "outlet.0.at does not exist"),
        ({"": 1}, "is unknown"),
    ],
)
def test_replace_refuses(changes, fragment):
    with pytest.raises(CaseError) as error:
        read().replace(changes)
    assert fragment in str(error.value)
    assert "test.toml" in str(error.value)


KEYS = (
    st.sampled_from(sorted(leaf_paths(Case)))
    | st.text(max_size=8)
    | st.sampled_from(
        [
            "outlet.1",
            "outlet.0.at.ap",
            "outlet.1.at.0",
            "bone.permeability.si",
            "cortex.x",
            "outlet.99999999999.at",
            ".",
            "a..b",
        ]
    )
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(KEYS, JUNK, min_size=1, max_size=4))
def test_replacing_by_junk_gives_a_case_or_a_case_error(changes):
    try:
        case = read().replace(changes)
    except CaseError as error:
        assert error.problems
    else:
        assert again(case) == case


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("injection.volume=3 mL", "injection.volume", "3 mL"),
        ('injection.volume="3 mL"', "injection.volume", "3 mL"),
        ("bone.porosity = 0.9", "bone.porosity", 0.9),
        ("injection.cannula.gauge=11", "injection.cannula.gauge", 11),
        ("output.figures=false", "output.figures", False),
        (
            "injection.cannula.tip={ap=0.1, lr=0.2, si=0.3}",
            "injection.cannula.tip",
            {"ap": 0.1, "lr": 0.2, "si": 0.3},
        ),
        ('output.field_times=["1 s"]', "output.field_times", ["1 s"]),
        ("outlet.basivertebral vein.pressure=2 kPa", "outlet.basivertebral vein.pressure", "2 kPa"),
        ("title=a=b", "title", "a=b"),
        ("title=", "title", ""),
        ("title=2026-01-01", "title", "2026-01-01"),
        ("title=1\nx=2", "title", "1\nx=2"),
        ("title=" + "[" * 5000, "title", "[" * 5000),
    ],
)
def test_setting(text, key, value):
    assert parse_setting(text) == (key, value)


def test_settings_apply_and_refuse():
    changes = parse_settings(["injection.volume=3 mL", "cement.preset=high"])
    assert read().replace(changes).injection.volume == 3e-6
    with pytest.raises(CaseError) as error:
        parse_settings(["volume", "=3", "a=1", "a=2"])
    assert len(error.value.problems) == 3


# --- digest ---------------------------------------------------------------------------------------


def sections_of(value, path=""):
    """Every section instance in a case with its dotted key."""
    yield path, value
    for name, e in entries(type(value)).items():
        inner = getattr(value, name)
        here = f"{path}.{name}" if path else name
        if isinstance(e.kind, Table) and inner is not None:
            yield from sections_of(inner, here)
        elif isinstance(e.kind, Tables):
            for item in inner:
                yield from sections_of(item, here)


def with_section(value, old, new):
    """The same case with one section instance put in place of another."""
    if value is old:
        return new
    parts = {}
    for name, e in entries(type(value)).items():
        inner = getattr(value, name)
        if isinstance(e.kind, Table) and inner is not None:
            parts[name] = with_section(inner, old, new)
        elif isinstance(e.kind, Tables):
            parts[name] = tuple(with_section(item, old, new) for item in inner)
    return dataclasses.replace(value, **parts)


IMAGED_CASE = {
    "geometry": {"labels": "a.vtu", "label": 1, "image": "a.vtu"},
    "bone": {"preset": "osteoporotic", "density_map": {"calibration": "HU"}},
}


@pytest.fixture
def full_case(tmp_path):
    (tmp_path / "a.vtu").write_bytes(b"mesh")
    body = {"low": ["0 mm"] * 3, "high": ["30 mm"] * 3}
    foramina = {"number": 3, "diameter": "0.3 mm"}
    cortex = {"thickness": "1 mm", "permeability": "1e-14 m2", "foramina": foramina}
    crack = {"name": "crack", "type": "D", "shape": "crack", "width": "1 mm", "points": [["0 mm"] * 3] * 2}
    batch = {"after": "2 mL", "mixed": "30 s"}
    table = changed(
        {
            "geometry": {"mesh": "a.vtu", "body": body},
            "bone.heterogeneity": {"seed": 2},
            "bone.region": [BALL, {"labels": "a.vtu", "label": 2, "porosity": 0.5}],
            "cortex": cortex,
            "defect": [crack],
            "compartment": [{"preset": "disc"}],
            "injection.batch": [batch],
            "injection.plunger": {"diameter": "10 mm", "force": "80 N"},
            "veins": {"vein": [VEIN, LAST_VEIN], "pressure_times": PRESSURE_TIMES, "scatter": {}},
            "ablation": {},
            "imaging": {},
        }
    )
    return read_case(table, "full", tmp_path)


def test_digest_sees_everything_that_has_an_effect(full_case, tmp_path):
    (tmp_path / "same.vtu").write_bytes(b"mesh")
    first = digest(full_case)
    source = read(
        {
            "injection.source": {"center": {"ap": 0, "lr": 0, "si": 0}, "radius": "3 mm"},
            "injection.cannula": GONE,
        }
    )
    staged = read(
        {
            "injection.needle": [{"name": "a", "gauge": 11, "length": "1 m", "entry": "left"}],
            "injection.stage": [{"inject": "1 mL", "until": {"time": "9 s"}, "batch": {"age": "3 min"}}],
            "injection.cannula": GONE,
        }
    )
    ignored, seen = set(), set()
    imaged = read_case(to_table(source) | IMAGED_CASE, "imaged", tmp_path)
    for case in (full_case, source, staged, imaged):
        first = digest(case)
        for path, section in sections_of(case):
            for name, e in entries(type(section)).items():
                if isinstance(e.kind, (Table, Tables)):
                    continue
                key = f"{path}.{name}" if path else name
                files = ("mesh", "surface", "labels", "image")
                other = str(tmp_path / "same.vtu") if name in files else "something else"
                differs = (
                    digest(with_section(case, section, dataclasses.replace(section, **{name: other})))
                    != first
                )
                (seen if differs else ignored).add(key)
    # A second file adds its bytes, so only the path that is in use can show that paths are left out.
    assert ignored == WITHOUT_EFFECT - {"geometry.surface"}
    leaves = {p.replace(".0.", ".") for p in leaf_paths(Case)}
    lists = {
        "outlet",
        "defect",
        "compartment",
        "bone.region",
        "injection.batch",
        "injection.needle",
        "injection.stage",
        "veins.vein",
        "veins.pressure_times",
    }
    assert leaves - ignored - seen == lists | {p for p in leaves if isinstance(kind_at(p), Table)}


def kind_at(path):
    section, kind = Case, None
    for name in path.split("."):
        kind = entries(section)[name].kind
        section = getattr(kind, "section", None)
    return kind


def test_digest_depends_on_the_bytes_of_the_mesh(full_case, tmp_path):
    first = digest(full_case)
    (tmp_path / "a.vtu").write_bytes(b"mesH")
    assert digest(full_case) != first
    (tmp_path / "a.vtu").unlink()
    with pytest.raises(CaseError, match="cannot be read"):
        digest(full_case)


def test_digest_depends_on_the_version(monkeypatch):
    first = digest(read())
    monkeypatch.setattr("cementflow.case.write.version", lambda: "999")
    assert digest(read()) != first


def test_digest_is_the_same_for_the_same_said_differently():
    one = read({"injection.volume": "4 mL"})
    other = read({"injection.volume": "0.004 L", "title": "another", "injection.cannula.gauge": "11 G"})
    assert digest(one) == digest(other)
    assert len(digest(one)) == 64


def test_digest_is_the_same_in_another_process():
    code = "from cementflow.case import digest, preset; print(digest(preset('l3-osteoporotic')))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment()
    )
    assert run.stdout.strip() == digest(preset("l3-osteoporotic"))


# --- house ----------------------------------------------------------------------------------------


def environment():
    return os.environ | {"PYTHONPATH": str(ROOT / "src")}


def test_import_is_light():
    heavy = ["numba", "pyvista", "meshio", "scipy", "matplotlib"]
    code = f"import sys, cementflow.case, cementflow.presets; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment()
    )
    assert run.stdout.strip() == "[]"


def test_reference_is_up_to_date():
    committed = (ROOT / "docs" / "case-file.md").read_text(encoding="utf-8")
    assert committed == reference_markdown(), "write reference_markdown() to docs/case-file.md"


def test_reference_has_every_entry():
    text = reference_markdown()
    for path in leaf_paths(Case):
        name = path.rpartition(".")[2]
        assert f"| `{name}` |" in text
    assert all(name.rpartition("/")[2] in text for name in list_presets())


def test_every_default_number_has_a_source():
    for path in leaf_paths(Case):
        section, e = Case, None
        for name in path.replace(".0.", ".").split("."):
            e = entries(section)[name]
            default = next(f.default for f in dataclasses.fields(section) if f.name == name)
            section = getattr(e.kind, "section", section)
        if isinstance(default, float):
            assert e.source, path


def test_laws_name_only_entries_of_the_cement():
    assert set(ALL_LAW_PARAMETERS) <= set(entries(CementSpec))
    assert set(LAW_PARAMETERS) == set(entries(CementSpec)["law"].kind.options)
    assert set(ALL_AGEING_PARAMETERS) <= set(entries(CementSpec))
    assert set(AGEING_PARAMETERS) == set(entries(CementSpec)["ageing"].kind.options)


def test_a_case_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        read().title = "x"
