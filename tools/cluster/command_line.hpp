// SPDX-License-Identifier: Apache-2.0
/// actor-cluster's verbs. Answers are for people, or with --json one line of JSON each, an error
/// {"error": ...}. Exit code 0: done; 1: not, and why is said; 2: the words were not understood.
#pragma once

namespace troupe::cluster {

int run(int argc, char** argv);

}  // namespace troupe::cluster
