// SPDX-License-Identifier: Apache-2.0
/// All that servers say to each other, for precompiled headers alone.
#pragma once

#include "messages/peer/election.pb.h"
#include "messages/peer/forward.pb.h"
#include "messages/peer/zab.pb.h"
