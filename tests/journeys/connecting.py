"""The connection of docs/clients.md, and what Airflow's Amazon provider makes of one: clients with keys of a session."""

import json

import boto3
import botocore.session
from botocore.credentials import RefreshableCredentials
from journeys.pages import blocks


def connection(server):
    """The page's, with the addresses and keys of this server, which speaks no TLS."""
    [(_, text)] = blocks("docs/clients.md", "json")
    given = json.loads(text)
    extra = given["extra"]
    for place in (extra, extra["service_config"]["sts"]):
        assert place["endpoint_url"] == "https://127.0.0.1:8470"
        place["endpoint_url"] = server.url
    del extra["verify"]
    keys = (server.env["AWS_ACCESS_KEY_ID"], server.env["AWS_SECRET_ACCESS_KEY"])
    return given | dict(zip(("login", "password"), keys, strict=True))


class Hook:
    """Clients as the provider's hooks make them: each has the role's keys, and gets new ones by itself."""

    def __init__(self, given):
        extra = given["extra"]
        self._address = extra["endpoint_url"]
        self._role = extra["role_arn"]
        basic = boto3.Session(given["login"], given["password"], region_name=extra["region_name"])
        self._sts = basic.client("sts", endpoint_url=extra["service_config"]["sts"]["endpoint_url"])
        session = botocore.session.get_session()
        session._credentials = RefreshableCredentials.create_from_metadata(
            self._assume_role(), self._assume_role, "sts-assume-role"
        )
        session.set_config_variable("region", extra["region_name"])
        self._session = boto3.Session(botocore_session=session)

    def client(self, service):
        return self._session.client(service, endpoint_url=self._address)

    def _assume_role(self):
        answer = self._sts.assume_role(RoleSessionName="Airflow_windvane", RoleArn=self._role)
        keys = answer["Credentials"]
        return {
            "access_key": keys["AccessKeyId"],
            "secret_key": keys["SecretAccessKey"],
            "token": keys["SessionToken"],
            "expiry_time": keys["Expiration"].isoformat(),
        }
