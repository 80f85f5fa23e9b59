// SPDX-License-Identifier: Apache-2.0
#include "tools/cluster/command_line.hpp"

int main(int argc, char** argv) { return troupe::cluster::run(argc, argv); }
