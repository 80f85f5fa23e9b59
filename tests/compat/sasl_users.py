# SPDX-License-Identifier: Apache-2.0
"""What the tests of SASL share: a JAAS file for servers, and one for a client of Java's."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cluster"))

import harness  # noqa: E402  pylint: disable=wrong-import-position

MODULE = "org.apache.zookeeper.server.auth.DigestLoginModule required"
USERS = {"super": "above all", "bob": "the \"builder\"", "ann": "sword"}
PROVIDER = {"authProvider.1": "org.apache.zookeeper.server.auth.SASLAuthenticationProvider"}


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write(path, entry, options):
    lines = "\n".join(f"  {name}={quoted(value)}" for name, value in options.items())
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"{entry} {{\n  {MODULE}\n{lines};\n}};\n")
    return path


class Servers(harness.Ensemble):
    """Whose users are USERS. `genuine`: of which kind they are."""

    def __init__(self, voters=1, genuine=harness.GENUINE, **config):
        super().__init__(voters, **PROVIDER, **{"java.security.auth.login.config": "JAAS"},
                         **config)
        jaas = write(os.path.join(self.dir, "jaas.conf"), "Server",
                     {"user_" + name: password for name, password in USERS.items()})
        for server in self:
            server.genuine = genuine
            with open(server.config, encoding="ascii") as f:
                lines = f.read().replace("=JAAS\n", f"={jaas}\n")
            with open(server.config, "w", encoding="ascii") as f:
                f.write(lines)

    def client_jaas(self, user, password):
        """The flags of a client of Java's that is that user."""
        path = write(os.path.join(self.dir, f"client-{user}.conf"), "Client",
                     {"username": user, "password": password})
        return f"-Djava.security.auth.login.config={path}"
