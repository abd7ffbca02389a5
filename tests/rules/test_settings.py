"""Settings: complete, or refused with everything that is wrong named in two languages."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_bridges.bridges.alipay_transport import alipay_app
from bff.platform.settings import (
    Environment,
    Setting,
    SettingProblem,
    Settings,
    SettingsError,
    catalogue,
    is_unfit,
    load_settings,
)
from bff.sandbox.alipay_keys import serial_of
from tests.alipay import keyring
from tests.environs import COMPLETE, SECRETS

PRODUCTION = {**COMPLETE, "SUISHEN_ENV": "production"}


def problems(environ: dict[str, str]) -> list[SettingProblem]:
    with pytest.raises(SettingsError) as refused:
        load_settings(environ)
    return refused.value.problems


def test_a_complete_environment_becomes_frozen_structs() -> None:
    settings = load_settings(COMPLETE)

    assert isinstance(settings, Settings)
    assert settings.platform.env is Environment.TEST
    assert settings.platform.web_port == 8000
    assert len(settings.platform.id_seal_keys) == 2
    assert settings.auth.token_keys_dir == Path("/etc/suishen/token-keys")
    with pytest.raises(AttributeError, match="immutable"):
        settings.platform.web_port = 1  # type: ignore[misc]


def test_numbers_arrive_as_text_and_become_numbers() -> None:
    settings = load_settings({**COMPLETE, "SUISHEN_WEB_PORT": "9000", "SUISHEN_WALLET_WINDOW_SECONDS": "30"})

    assert (settings.platform.web_port, settings.wallet.window_seconds) == (9000, 30)


PATTERNED = [setting for setting in catalogue() if "pattern=" in str(setting.type)]


@pytest.mark.parametrize(
    "name", [each.name for each in PATTERNED if each.name in COMPLETE and "tuple" not in str(each.type)]
)
def test_a_line_end_behind_a_value_is_refused(name: str) -> None:
    assert [each.name for each in problems({**COMPLETE, name: COMPLETE[name] + "\n"})] == [name]


@pytest.mark.parametrize("setting", PATTERNED, ids=lambda setting: setting.name)
@given(data=st.data())
def test_no_pattern_of_a_setting_lets_one_through(setting: Setting, data: st.DataObject) -> None:
    for pattern in re.findall(r"pattern='([^']*)'", str(setting.type)):
        compiled = re.compile(pattern.replace("\\\\", "\\"))
        assert not compiled.search(data.draw(st.from_regex(compiled)) + "\n")


def test_without_a_word_about_it_the_environment_is_production() -> None:
    environ = {name: value for name, value in COMPLETE.items() if name != "SUISHEN_ENV"}

    assert load_settings(environ).platform.env is Environment.PRODUCTION


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    settings = load_settings({**COMPLETE, "SUISHEN_WEB_PORT": "", "SUISHEN_METRICS_PORT": ""})

    assert (settings.platform.web_port, settings.platform.metrics_port) == (8000, None)


@pytest.mark.parametrize(
    ("name", "value", "zh", "en"),
    [
        ("SUISHEN_WEB_PORT", "http", "1…65535 的整数", "a whole number in 1…65535"),
        ("SUISHEN_WEB_PORT", "70000", "1…65535 的整数", "a whole number in 1…65535"),
        ("SUISHEN_ENV", "staging", "production、sandbox、test 之一", "one of production, sandbox, test"),
        (
            "SUISHEN_LOG_LEVEL",
            "loud",
            "debug、error、info、warning 之一",
            "one of debug, error, info, warning",
        ),
        ("SUISHEN_MONGO_URL", "10.0.0.5", "文字", "text matching ^mongodb"),
        ("SUISHEN_METRICS_TOKEN", "short", "不少于 16 个字符", "at least 16 characters"),
        ("SUISHEN_ID_SEAL_KEYS", "abc,def", "逗号分隔的列表", "a comma-separated list"),
        ("SUISHEN_AUTH_ACCESS_TOKEN_SECONDS", "3600", "60…600 的整数", "a whole number in 60…600"),
    ],
)
def test_a_malformed_value_is_named_and_what_it_must_be_is_said(
    name: str, value: str, zh: str, en: str
) -> None:
    (problem,) = problems({**COMPLETE, name: value})

    assert problem.name == name
    assert zh in problem.zh
    assert en in problem.en


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("SUISHEN_WEB_PROT", "SUISHEN_WEB_PORT"),
        ("SUISHEN_REDIS_URI", "SUISHEN_REDIS_URL"),
        ("SUISHEN_WALLET_WINDOW_SECS", "SUISHEN_WALLET_WINDOW_SECONDS"),
        ("SUISHEN_AUTH_WECHAT_SECRET_FIEL", "SUISHEN_AUTH_WECHAT_SECRET_FILE"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_known(typo: str, meant: str) -> None:
    (problem,) = problems({**COMPLETE, typo: "x"})

    assert problem.name == typo
    assert f"did you mean {meant}?" in problem.en
    assert f"是否想写 {meant}？" in problem.zh


def test_variables_of_others_are_none_of_our_business() -> None:
    load_settings({**COMPLETE, "PATH": "/bin", "SUISHENG": "x"})


def test_everything_wrong_is_told_at_once() -> None:
    environ = {**COMPLETE, "SUISHEN_WEB_PORT": "x", "SUISHEN_ENVV": "test"}
    del environ["SUISHEN_MONGO_URL"], environ["SUISHEN_WALLET_KEYS_DIR"]

    assert {problem.name for problem in problems(environ)} == {
        "SUISHEN_ENVV",
        "SUISHEN_MONGO_URL",
        "SUISHEN_WALLET_KEYS_DIR",
        "SUISHEN_WEB_PORT",
    }


def test_a_missing_setting_says_what_it_is_for() -> None:
    environ = {name: value for name, value in COMPLETE.items() if name != "SUISHEN_REDIS_URL"}

    (problem,) = problems(environ)

    assert problem.en == "must be set: Redis 7.2 or Valkey 9, AOF on."
    assert problem.zh.startswith("必须设置：")


def test_no_message_repeats_a_value() -> None:
    environ = {**COMPLETE, "SUISHEN_ID_HASH_KEY": "half-a-secret", "SUISHEN_METRICS_TOKEN": "half-a-token"}

    told = str(SettingsError(problems(environ)))

    assert "half-a" not in told


def test_two_settings_that_exclude_each_other_are_refused_together() -> None:
    (problem,) = problems({**COMPLETE, "SUISHEN_METRICS_PORT": "9100", "SUISHEN_WEB_WORKERS": "4"})

    assert problem.name == "SUISHEN_METRICS_PORT"


CITIZEN_CLOUD = {
    "SUISHEN_AUTH_OIDC_KEYS_DIR": "/etc/suishen/oidc-keys",
    "SUISHEN_AUTH_CITIZEN_ISSUER": "https://id.city.gov.cn",
    "SUISHEN_AUTH_CITIZEN_CLIENT_ID": "suishen",
    "SUISHEN_AUTH_CITIZEN_REDIRECT_URI": "https://suishen.city.gov.cn/resident/",
}


@pytest.mark.parametrize("left_out", CITIZEN_CLOUD)
def test_what_is_set_up_by_half_is_refused(left_out: str) -> None:
    environ = {**COMPLETE, **CITIZEN_CLOUD}
    assert load_settings(environ).auth.citizen_client_id == "suishen"
    del environ[left_out]

    assert {problem.name for problem in problems(environ)} <= {left_out, *CITIZEN_CLOUD}


APPLE = {
    "SUISHEN_PUSH_APNS_KEY_FILE": "/etc/suishen/apple.p8",
    "SUISHEN_PUSH_APNS_KEY_ID": "ABCDE12345",
    "SUISHEN_PUSH_APNS_TEAM_ID": "ABCDE54321",
    "SUISHEN_PUSH_APNS_TOPIC": "cn.gov.city.app",
}
JPUSH = {
    "SUISHEN_PUSH_JPUSH_APP_KEY": "7d431e42dfa6a6d693ac2d04",
    "SUISHEN_PUSH_JPUSH_MASTER_SECRET": "5e987ac6d2e04d95a9d8f0d1",
}


@pytest.mark.parametrize("way", [APPLE, JPUSH])
def test_a_way_to_phones_set_up_by_half_is_refused(way: dict[str, str]) -> None:
    assert load_settings({**COMPLETE, **way}).push is not None
    for left_out in way:
        half = {name: value for name, value in way.items() if name != left_out}
        assert {problem.name for problem in problems({**COMPLETE, **half})} == {left_out}


def test_a_simulated_maker_of_phones_is_not_for_production() -> None:
    simulated = {**PRODUCTION, **JPUSH, "SUISHEN_PUSH_JPUSH_BASE_URL": "http://127.0.0.1:9000"}

    assert {problem.name for problem in problems(simulated)} == {"SUISHEN_PUSH_JPUSH_BASE_URL"}


def test_clerks_own_sign_in_needs_our_keys_as_a_client() -> None:
    (problem,) = problems({**COMPLETE, "SUISHEN_AUTH_CLERK_SSO_REDIRECT_URI": "https://suishen.city.gov.cn/"})

    assert problem.name == "SUISHEN_AUTH_OIDC_KEYS_DIR"


class TestFromFiles:
    def test_a_secret_may_lie_in_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "wechat"
        file.write_text("secret-from-a-file\n")
        environ = {**COMPLETE, "SUISHEN_AUTH_WECHAT_SECRET_FILE": str(file)}
        del environ["SUISHEN_AUTH_WECHAT_SECRET"]

        assert load_settings(environ).auth.wechat_secret == "secret-from-a-file"

    def test_twice_is_once_too_often(self, tmp_path: Path) -> None:
        (problem,) = problems({**COMPLETE, "SUISHEN_AUTH_WECHAT_SECRET_FILE": str(tmp_path / "wechat")})

        assert "not both" in problem.en

    def test_a_file_that_cannot_be_read_is_named_by_its_variable(self, tmp_path: Path) -> None:
        environ = {**COMPLETE, "SUISHEN_MONGO_URL_FILE": str(tmp_path / "nowhere")}
        del environ["SUISHEN_MONGO_URL"]

        (problem,) = problems(environ)

        assert "SUISHEN_MONGO_URL_FILE cannot be read (FileNotFoundError)" in problem.en


class TestProduction:
    def test_a_real_city_starts(self) -> None:
        load_settings(PRODUCTION)

    def test_one_node_in_place_of_its_set_is_refused(self) -> None:
        direct = "mongodb://db1.city.gov.cn/?w=majority&directConnection=true"

        (problem,) = problems({**PRODUCTION, "SUISHEN_MONGO_URL": direct})

        assert problem.name == "SUISHEN_MONGO_URL"
        assert load_settings({**COMPLETE, "SUISHEN_MONGO_URL": direct}).platform.mongo_url == direct

    @pytest.mark.parametrize(
        ("name", "value", "why"),
        [
            ("SUISHEN_AUTH_WECHAT_BASE_URL", "http://127.0.0.1:9000", "must be https"),
            ("SUISHEN_AUTH_WECHAT_BASE_URL", "https://127.0.0.1:9000", "loopback or private"),
            ("SUISHEN_AUTH_WECHAT_BASE_URL", "https://localhost", "loopback or private"),
            ("SUISHEN_AUTH_WECHAT_BASE_URL", "https://10.1.2.3", "loopback or private"),
            ("SUISHEN_AUTH_WECHAT_BASE_URL", "https://192.168.0.9", "loopback or private"),
            ("SUISHEN_AUTH_WECHAT_BASE_URL", "https://[::1]:9000", "loopback or private"),
            ("SUISHEN_AUTH_WECHAT_BASE_URL", "https://wechat", "loopback or private"),
            ("SUISHEN_AUTH_WECHAT_BASE_URL", "https://wechat.internal", "loopback or private"),
            ("SUISHEN_AUTH_WECHAT_BASE_URL", "https://simulator.city.gov.cn", "a stand-in"),
            ("SUISHEN_AUTH_WECHAT_FALLBACK_URL", "http://127.0.0.1:9000", "must be https"),
            ("SUISHEN_AUTH_WECHAT_FALLBACK_URL", "https://127.0.0.1:9000", "loopback or private"),
            ("SUISHEN_AUTH_TOKEN_ISSUER", "http://suishen.city.gov.cn", "must be https"),
            ("SUISHEN_AUTH_TOKEN_ISSUER", "https://example.com", "a stand-in"),
            ("SUISHEN_RESIDENT_SIGN_IN_URL", "http://127.0.0.1:8001/sign-in", "must be https"),
            ("SUISHEN_AUTH_WECHAT_SECRET", "changeme-changeme", "a stand-in"),
            ("SUISHEN_AUTH_WECHAT_SECRET", "tooshort", "at least 16 characters"),
            ("SUISHEN_ID_HASH_KEY", "0" * 64, "a stand-in"),
            ("SUISHEN_MONGO_DATABASE", "sandbox", "a stand-in"),
        ],
    )
    def test_stand_ins_and_simulators_are_refused_there_and_only_there(
        self, name: str, value: str, why: str
    ) -> None:
        assert [why in problem.en for problem in problems({**PRODUCTION, name: value})].count(True) == 1

        load_settings({**COMPLETE, name: value})

    @pytest.mark.parametrize(
        "issuer",
        ["http://127.0.0.1:9000/citizens", "https://127.0.0.1/citizens", "https://sandbox.city.gov.cn"],
    )
    def test_a_simulated_openid_provider_is_refused_there_and_only_there(self, issuer: str) -> None:
        simulated = {**CITIZEN_CLOUD, "SUISHEN_AUTH_CITIZEN_ISSUER": issuer}
        names = {each.name for each in problems({**PRODUCTION, **simulated})}
        assert names == {"SUISHEN_AUTH_CITIZEN_ISSUER"}
        assert is_unfit(Environment.PRODUCTION, issuer)
        assert not is_unfit(Environment.TEST, issuer)
        assert not is_unfit(Environment.PRODUCTION, "https://id.city.gov.cn")

        load_settings({**COMPLETE, **simulated})

    def test_our_own_stores_may_be_on_a_private_network(self) -> None:
        load_settings({**PRODUCTION, "SUISHEN_REDIS_URL": "redis://127.0.0.1:6379"})


class TestSecrecy:
    def test_no_struct_shows_a_secret(self) -> None:
        settings = load_settings(COMPLETE)

        shown = "".join(map(repr, (settings, settings.platform, settings.auth, settings.wallet)))

        assert [secret for secret in SECRETS if secret in shown] == []
        jpush = load_settings({**COMPLETE, **JPUSH})
        assert JPUSH["SUISHEN_PUSH_JPUSH_MASTER_SECRET"] not in f"{jpush!r}{jpush.push!r}"

    def test_every_address_is_shown_without_its_password(self) -> None:
        assert "mongodb://••••@10.0.0.5" in repr(load_settings(COMPLETE).platform)


def test_every_setting_is_described_in_both_languages() -> None:
    assert [setting.name for setting in catalogue() if not (setting.zh and setting.en)] == []


def test_no_two_settings_share_a_name() -> None:
    names = [setting.name for setting in catalogue()]

    assert len(names) == len(set(names))


# --- Alipay: a group that is whole or not there --------------------------------------------------------


def alipay(**changes: str | None) -> dict[str, str]:
    ring = keyring()
    group = {
        "APPID": "2021000000000001",
        "PRIVATE_KEY": ring.app_private,
        "APP_CERTIFICATE": ring.app_certificate,
        "CERTIFICATES": ring.alipay_certificate,
        "ROOT_CERTIFICATES": ring.roots,
        "AES_KEY": ring.aes,
        **changes,
    }
    return {**COMPLETE, **{f"SUISHEN_AUTH_ALIPAY_{name}": text for name, text in group.items() if text}}


def test_alipay_takes_a_key_or_three_certificates() -> None:
    assert alipay_app(load_settings(COMPLETE).auth) is None
    certified = alipay_app(load_settings(alipay()).auth)
    assert certified is not None
    assert serial_of(keyring().alipay_certificate) in certified.alipay.certificates
    assert certified.pins is not None
    key = {"APP_CERTIFICATE": None, "CERTIFICATES": None, "ROOT_CERTIFICATES": None, "AES_KEY": None}
    keyed = alipay_app(load_settings(alipay(**key, PUBLIC_KEY=keyring().alipay_public)).auth)
    assert keyed is not None
    assert (keyed.alipay.certificates, keyed.app_cert_sn, keyed.aes_key) == ({}, "", None)
    assert keyed.pins is None


@pytest.mark.parametrize(
    ("changes", "names", "says"),
    [
        ({"APPID": None}, {"APPID"}, "needed for sign-in through Alipay"),
        ({"PRIVATE_KEY": None}, {"PRIVATE_KEY"}, "needed for sign-in through Alipay"),
        ({"PRIVATE_KEY": "AAAA"}, {"PRIVATE_KEY"}, "an RSA private key of 2048 bits or more"),
        ({"CERTIFICATES": None}, {"CERTIFICATES"}, "needed in certificate mode"),
        ({"CERTIFICATES": "AAAA"}, {"CERTIFICATES"}, "certificates in PEM"),
        ({"ROOT_CERTIFICATES": "AAAA"}, {"ROOT_CERTIFICATES"}, "roots signed with RSA"),
        ({"AES_KEY": "AAAA"}, {"AES_KEY"}, "16 bytes in base64"),
        (
            {"APP_CERTIFICATE": keyring().alipay_certificate},
            {"APP_CERTIFICATE"},
            "not the certificate of our key",
        ),
        ({"PUBLIC_KEY": keyring().alipay_public}, {"PUBLIC_KEY"}, "either Alipay's key or the three"),
        (
            {"APP_CERTIFICATE": None, "CERTIFICATES": None, "ROOT_CERTIFICATES": None},
            {"PUBLIC_KEY"},
            "either Alipay's key or the three",
        ),
    ],
)
def test_half_of_alipay_is_refused_and_the_missing_half_named(
    changes: dict[str, str | None], names: set[str], says: str
) -> None:
    found = problems(alipay(**changes))
    assert {each.name.removeprefix("SUISHEN_AUTH_ALIPAY_") for each in found} == names
    assert all(says in each.en for each in found)
    assert keyring().app_private not in str(SettingsError(found))


def test_production_refuses_a_simulated_alipay() -> None:
    environ = {**PRODUCTION, "SUISHEN_AUTH_ALIPAY_BASE_URL": "http://127.0.0.1:8002"}
    found = {each.name for each in problems(environ)}
    assert found == {"SUISHEN_AUTH_ALIPAY_BASE_URL"}
    environ = {**PRODUCTION, "SUISHEN_RESIDENT_ALIPAY_SIGN_IN_URL": "http://127.0.0.1:8002/x"}
    assert {each.name for each in problems(environ)} == {"SUISHEN_RESIDENT_ALIPAY_SIGN_IN_URL"}


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("SUISHEN_REDIS_URL", "redis://:S3cretPw/x9@10.0.0.1:6379/0"),
        ("SUISHEN_REDIS_URL", "redis://127.0.0.1:notaport/0"),
        ("SUISHEN_REDIS_URL", "redis://127.0.0.1:99999/0"),
        ("SUISHEN_MONGO_URL", "mongodb://u:p@127.0.0.1:99999/"),
        ("SUISHEN_MONGO_URL", "mongodb://admin:a:b@h/"),
        ("SUISHEN_MONGO_URL", "mongodb://admin:a@b@h/"),
    ],
)
def test_an_address_no_client_can_take_apart_is_named_without_its_password(name: str, address: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({**COMPLETE, name: address})

    assert [problem.name for problem in refused.value.problems] == [name]
    assert "S3cretPw" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        # pragma: allowlist nextline secret
        ("SUISHEN_REDIS_URL", "rediss://user:p%2Fw@[::1]:6379/0?ssl_cert_reqs=none"),
        ("SUISHEN_REDIS_URL", "unix:///run/valkey.sock"),
        # pragma: allowlist nextline secret
        ("SUISHEN_MONGO_URL", "mongodb://u:p%40w@a.example:27017,b.example:27018/?replicaSet=rs0"),
        ("SUISHEN_MONGO_URL", "mongodb+srv://cluster.example/?retryWrites=true"),
    ],
)
def test_every_address_a_client_takes_is_taken(name: str, address: str) -> None:
    load_settings({**COMPLETE, name: address})
