"""`memarray.config` and the scoped limit."""

import threading

import pytest

import memarray
from memarray._config import Config, current_settings

NONSENSE = ["12 parsecs", 0, -1, float("nan"), True, b"1MB"]


@pytest.fixture
def config():
    """The process's settings, put back afterwards."""
    names = ("memory_limit", "split", "rewrites", "recorder", "eager_bytes")
    before = {name: getattr(memarray.config, name) for name in names}
    yield memarray.config
    for name, value in before.items():
        setattr(memarray.config, name, value)


def test_defaults():
    fresh = Config()
    assert (fresh.memory_limit, fresh.split, fresh.rewrites, fresh.recorder) == ("auto", "when needed", "all", "jax")
    assert "memory_limit='auto'" in repr(fresh)


def test_limit_is_parsed(config):
    config.memory_limit = "2GB"
    assert config.memory_limit == 2 * 10**9
    assert current_settings(None).memory_limit == 2 * 10**9
    assert current_settings(77).memory_limit == 77
    config.memory_limit = " Auto "
    assert config.memory_limit == "auto"


@pytest.mark.parametrize("value", NONSENSE)
def test_nonsense_limits_are_refused_everywhere(config, value):
    def set_config():
        config.memory_limit = value

    def enter():
        with memarray.memory_limit(value):
            pass

    for attempt in (set_config, enter, lambda: memarray.wrap(abs, memory_limit=value), lambda: memarray.plan(abs, 1, memory_limit=value)):
        with pytest.raises((ValueError, TypeError), match=r"memory limit .* expected bytes"):
            attempt()
    assert config.memory_limit == "auto"


def test_configured_limit_cannot_be_none(config):
    with pytest.raises(TypeError, match="NoneType"):
        config.memory_limit = None


def test_scopes_nest_and_end():
    with memarray.memory_limit("256MB"):
        with memarray.memory_limit(5):
            assert memarray.config.memory_limit == 5
            with memarray.memory_limit(None):
                assert memarray.config.memory_limit == 5
        assert memarray.config.memory_limit == 256_000_000
        with pytest.raises(RuntimeError), memarray.memory_limit(7):
            raise RuntimeError
        assert memarray.config.memory_limit == 256_000_000
    assert memarray.config.memory_limit == "auto"


def test_scopes_do_not_reach_other_threads():
    seen = []
    with memarray.memory_limit(5):
        thread = threading.Thread(target=lambda: seen.append(memarray.config.memory_limit))
        thread.start()
        thread.join()
    assert seen == ["auto"]


@pytest.mark.parametrize(
    ("name", "value"), [("split", "never"), ("rewrites", True), ("recorder", "tape"), ("split", ["always"]), ("eager_bytes", -1)]
)
def test_unknown_values(config, name, value):
    with pytest.raises(ValueError, match=f"config.{name} = .*; expected"):
        setattr(config, name, value)


@pytest.mark.parametrize("value", [1.5, "4", True])
def test_eager_bytes_is_an_int(config, value):
    with pytest.raises(TypeError, match="eager_bytes"):
        config.eager_bytes = value


def test_unknown_setting(config):
    with pytest.raises(AttributeError):
        config.memroy_limit = "2GB"
