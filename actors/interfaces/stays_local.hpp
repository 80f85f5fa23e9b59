// SPDX-License-Identifier: Apache-2.0
/// How a message says that it is a plain struct of its process (local_message.hpp has what CAF
/// makes of that). What people are told of a server needs no more than this.
#pragma once

/// Marks a struct as one that stays in its process.
#define TROUPE_STAYS_LOCAL static constexpr bool stays_local = true
