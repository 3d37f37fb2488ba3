from pathlib import Path

import pytest

from heartbeat.errors import InvalidSettings
from heartbeat.setting_names import variable_of
from heartbeat.settings import Settings


def test_an_empty_environment_gives_settings_that_work() -> None:
    settings = Settings.from_env({})
    assert settings.port == 8765
    assert settings.broker == "redis://127.0.0.1:6379/0"
    assert not settings.has_model


def test_the_environment_sets_every_setting() -> None:
    settings = Settings.from_env(
        {"HEARTBEAT_PORT": "1", "HEARTBEAT_READ_PATHS": "/a, /b", "PATH": "/bin"}
    )
    assert (settings.port, settings.read_paths) == (1, (Path("/a"), Path("/b")))


def test_an_empty_value_is_as_good_as_unset() -> None:
    assert not Settings.from_env(
        {"ANTHROPIC_API_KEY": "", "HEARTBEAT_PORT": ""}
    ).has_model


def test_a_broker_of_its_own_is_used() -> None:
    settings = Settings.from_env({"HEARTBEAT_BROKER_URL": "redis://broker/1"})
    assert settings.broker == "redis://broker/1"


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "amqp://broker//",
        "unix:///run/redis.sock",
        "redis://",
        "redis://:6379/0",
        "redis://host:port/0",
        "redis://host:0",
        "redis://host:65536",
        "redis://host:6379/prod",
        "redis://me:s3cret@[::1/0",
    ],
)
@pytest.mark.parametrize("name", ["HEARTBEAT_REDIS_URL", "HEARTBEAT_BROKER_URL"])
def test_a_server_that_no_client_could_reach_is_refused(name: str, url: str) -> None:
    expected = f"{name}: expected a URL such as redis://host:6379/0"
    with pytest.raises(InvalidSettings, match=expected) as refused:
        Settings.from_env({name: url})
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://host",
        "redis://host/",
        "rediss://me:p%40ss@host:1/15?ssl_cert_reqs=none",
        "redis://[::1]:6379/0",
    ],
)
def test_a_server_may_have_a_name_a_password_and_options(url: str) -> None:
    settings = Settings.from_env({"HEARTBEAT_REDIS_URL": url})
    assert settings.redis_url.get_secret_value() == url


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"])
def test_a_key_or_an_address_makes_a_model(name: str) -> None:
    assert Settings.from_env({name: "x"}).has_model


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("TRUE", True), ("on", True), ("no", False), ("0", False)],
)
def test_a_switch_reads_the_usual_words(text: str, expected: bool) -> None:
    settings = Settings.from_env({"HEARTBEAT_TRUST_NETWORK": text})
    assert settings.trust_network is expected


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        pytest.param("HEARTBEAT_PRT", "1", "did you mean HEARTBEAT_PORT", id="typo"),
        pytest.param("HEARTBEAT_PROT", "1", "did you mean HEARTBEAT_PORT?", id="swap"),
        pytest.param("HEARTBEAT_XYZZY", "1", "expected a known setting", id="unknown"),
        pytest.param("HEARTBEAT_PORT", "x", "HEARTBEAT_PORT: expected", id="not int"),
        pytest.param("HEARTBEAT_PORT", "70000", "got '70000'", id="out of range"),
        pytest.param("HEARTBEAT_TRUST_NETWORK", "maybe", "one of 1, 0", id="switch"),
        pytest.param("HEARTBEAT_TIMEZONE", "Mars/X", "an IANA time zone", id="zone"),
        pytest.param("HEARTBEAT_ORIGINS", "ops.example", "https://ops", id="origin"),
        pytest.param(
            "HEARTBEAT_ORIGINS", "https://a,http://b/", "without a path", id="/"
        ),
        pytest.param("HEARTBEAT_TOKEN_FILE", "x", "HEARTBEAT_TOKENS_FILE", id="near"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, text: str, said: str) -> None:
    with pytest.raises(InvalidSettings, match=said):
        Settings.from_env({variable: text})


def test_every_wrong_variable_is_told_at_once() -> None:
    with pytest.raises(InvalidSettings, match=r"HEARTBEAT_PRT.*HEARTBEAT_PORT: "):
        Settings.from_env({"HEARTBEAT_PRT": "1", "HEARTBEAT_PORT": "x"})


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-file\n")
    path = str(tmp_path / "key")
    settings = Settings.from_env({"ANTHROPIC_API_KEY_FILE": path})
    assert settings.anthropic_api_key is not None
    assert settings.anthropic_api_key.get_secret_value() == "from-file"


def test_who_may_ping_the_monitor_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://monitor.example/s3cret\n")
    path = str(tmp_path / "url")
    settings = Settings.from_env({"HEARTBEAT_DEADMAN_URL_FILE": path})
    assert settings.deadman_url is not None
    assert settings.deadman_url.get_secret_value() == "https://monitor.example/s3cret"


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="nothing"):
        Settings.from_env({"HEARTBEAT_REDIS_URL_FILE": str(tmp_path / "nothing")})


def test_only_secrets_may_come_from_a_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="HEARTBEAT_PORT_FILE"):
        Settings.from_env({"HEARTBEAT_PORT_FILE": str(tmp_path)})


def test_no_secret_shows_in_repr() -> None:
    settings = Settings.from_env(
        {
            "ANTHROPIC_API_KEY": "hunter2",
            "HEARTBEAT_REDIS_URL": "redis://:hunter2@h",
            "HEARTBEAT_DEADMAN_URL": "https://monitor.example/hunter2",
        }
    )
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_described(name: str) -> None:
    assert Settings.model_fields[name].description
    assert variable_of(name).isupper()


def test_a_setting_that_is_a_file_is_no_secret_from_one(tmp_path: Path) -> None:
    for name in ("tokens_file", "commands_file"):
        variable = variable_of(name)
        settings = Settings.from_env({variable: str(tmp_path / "x")})
        assert getattr(settings, name) == tmp_path / "x"
