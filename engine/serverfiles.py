"""The files a development server reads: its configuration, its switches, and those of its Web UI.

Written as JSON, which every YAML reader accepts, so that no YAML library is needed and no path
can break the quoting.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# The name has changed from release to release: this one belongs to server 1.32.0 (temporal.md §1).
TIME_SKIPPING_KEY = "frontend.WorkflowTimeSkippingEnabled"

# For development only, never for production (engine-traps.md §0): without these one skipped timer
# takes a second, and a continue-as-new under skipping counts its reuse interval as backoff.
DEV_DYNAMIC_CONFIG: Mapping[str, bool | int | str] = {
    TIME_SKIPPING_KEY: True,
    "history.timerProcessorMaxTimeShift": "10ms",
    "history.timerProcessorMaxPollRPS": 1000,
    "history.transferProcessorMaxPollRPS": 1000,
    "history.workflowIdReuseMinimalInterval": "0s",
    "system.forceSearchAttributesCacheRefreshOnRead": True,
    "frontend.namespaceRPS.visibility": 1000,
    # A workflow that cannot go on is listed after two failures instead of five, which take minutes.
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": 2,
}

USUAL_PORTS: Mapping[str, int] = {
    "frontend": 7233,
    "frontend-membership": 6933,
    "frontend-http": 7243,
    "history": 7234,
    "history-membership": 6934,
    "matching": 7235,
    "matching-membership": 6935,
    "worker": 7239,
    "worker-membership": 6939,
}
USUAL_UI_PORT = 8233


def dynamic_config(*, time_skipping: bool) -> dict[str, bool | int | str]:
    """The development switches, with or without time skipping."""
    return {
        key: value
        for key, value in DEV_DYNAMIC_CONFIG.items()
        if time_skipping or key != TIME_SKIPPING_KEY
    }


@dataclass(frozen=True)
class ServerFiles:
    """Where the files of one data directory lie."""

    data_dir: Path

    @property
    def database(self) -> Path:
        """The SQLite file that keeps the workflows from one start to the next."""
        return self.data_dir / "temporal.db"

    @property
    def server(self) -> Path:
        """The configuration of the server."""
        return self.data_dir / "temporal-server.yaml"

    @property
    def switches(self) -> Path:
        """The dynamic configuration of the server."""
        return self.data_dir / "temporal-dynamic.yaml"

    @property
    def ui(self) -> Path:
        """The configuration of the Web UI."""
        return self.data_dir / "temporal-ui.yaml"

    @property
    def server_log(self) -> Path:
        """What the server says."""
        return self.data_dir / "temporal-server.log"

    @property
    def ui_log(self) -> Path:
        """What the Web UI says."""
        return self.data_dir / "temporal-ui.log"

    @property
    def ports(self) -> Path:
        """Which ports the last start used."""
        return self.data_dir / "temporal-ports.json"

    @property
    def lock(self) -> Path:
        """Held for as long as a server runs on this directory."""
        return self.data_dir / "temporal.lock"

    @property
    def note(self) -> Path:
        """Where the server that runs on this directory can be reached."""
        return self.data_dir / "temporal-running.json"

    def read_ports(self) -> dict[str, int]:
        """The ports of the last start by name; empty before the first."""
        try:
            known = json.loads(self.ports.read_text(encoding="utf-8"))
            return {name: int(known[name]) for name in (*USUAL_PORTS, "ui")}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def write_ports(self, ports: Mapping[str, int]) -> None:
        """Remember the ports of this start for the next one."""
        _write(self.ports, ports)

    def write_server(
        self, ports: Mapping[str, int], *, time_skipping: bool, metrics_port: int | None
    ) -> None:
        """Write the configuration of the server; the second time overwrites the first."""
        _write(self.switches, _switches(dynamic_config(time_skipping=time_skipping)))
        _write(self.server, _server(self, ports, metrics_port))

    def write_ui(
        self, *, address: str, port: int, namespace: str, codec_endpoint: str | None
    ) -> None:
        """Write the configuration of the Web UI; the second time overwrites the first."""
        config: dict[str, object] = {
            "temporalGrpcAddress": address,
            "host": "127.0.0.1",
            "port": port,
            "enableUi": True,
            "defaultNamespace": namespace,
            "disableNewsFetch": True,
            "cors": {
                "cookieInsecure": True,  # plain http on the loopback address
                "allowOrigins": [f"http://{host}:{port}" for host in ("127.0.0.1", "localhost")],
            },
        }
        if codec_endpoint is not None:
            config["codec"] = {
                "endpoint": codec_endpoint,
                "includeCredentials": True,  # the cookie of our sign-in page
                "defaultErrorMessage": "Payloads stay encrypted until you sign in:",
                "defaultErrorLink": f"{codec_endpoint}/sign-in",
            }
        _write(self.ui, config)


def _write(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _switches(values: Mapping[str, bool | int | str]) -> dict[str, object]:
    return {key: [{"value": value}] for key, value in values.items()}


def _server(
    files: ServerFiles, ports: Mapping[str, int], metrics_port: int | None
) -> dict[str, object]:
    store = {
        "sql": {
            "pluginName": "sqlite",
            "databaseName": str(files.database),
            "connectAddr": "localhost",
            "connectProtocol": "tcp",
            "user": "",
            "password": "",
            "connectAttributes": {
                "mode": "rwc",
                "setup": "true",
                "journal_mode": "wal",
                "synchronous": "2",
                "cache": "private",
            },
            "maxConns": 1,
            "maxIdleConns": 1,
            "maxConnLifetime": "1h",
        }
    }
    services: dict[str, dict[str, dict[str, object]]] = {
        name: {
            "rpc": {
                "grpcPort": ports[name],
                "membershipPort": ports[f"{name}-membership"],
                "bindOnLocalHost": True,
            }
        }
        for name in ("frontend", "history", "matching", "worker")
    }
    services["frontend"]["rpc"]["httpPort"] = ports["frontend-http"]
    shared: dict[str, object] = {
        "membership": {"maxJoinDuration": "30s", "broadcastAddress": "127.0.0.1"}
    }
    if metrics_port is not None:
        shared["metrics"] = {
            "prometheus": {
                "framework": "tally",
                "timerType": "histogram",
                "listenAddress": f"127.0.0.1:{metrics_port}",
            }
        }
    return {
        "log": {"stdout": True, "level": "warn"},
        "persistence": {
            "defaultStore": "default",
            "visibilityStore": "visibility",
            "numHistoryShards": 1,
            "datastores": {"default": store, "visibility": store},
        },
        "global": shared,
        "services": services,
        "clusterMetadata": {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {
                "active": {
                    "enabled": True,
                    "initialFailoverVersion": 1,
                    "rpcName": "frontend",
                    "rpcAddress": f"127.0.0.1:{ports['frontend']}",
                    "httpAddress": f"127.0.0.1:{ports['frontend-http']}",
                }
            },
        },
        "dcRedirectionPolicy": {"policy": "noop"},
        "dynamicConfigClient": {"filepath": str(files.switches), "pollInterval": "10s"},
    }
