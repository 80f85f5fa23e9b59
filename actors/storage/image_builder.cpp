// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/image_builder.hpp"

#include <algorithm>

namespace troupe::storage {

void image_builder::note_difference(zxid at, std::int64_t told) {
  ++findings_.mismatches;
  findings_.differs_at_end = true;
  if (!findings_.first) findings_.first = {at, told, image_->data.digest()};
}

/// A leader's copy says it by its digest, our own by a note, too.
zxid image_builder::covered_by_snapshot(zxid as_of) const {
  auto out = as_of;
  if (image_->digest) out = std::max(out, image_->digest->at);
  if (held_ && held_->covers) out = std::max(out, held_->covers(as_of));
  return out;
}

database_sink image_builder::sink() {
  database_sink out;
  out.begin_snapshot = [this] {
    image_ = std::make_shared<core::image>();
    decoder_ = std::make_unique<core::snapshot_decoder>();
    findings_ = {};
    applied_ = {};
    holds_some_ = false;
    apply_upto_ = held_ ? std::optional{held_->committed} : std::nullopt;
  };
  out.chunk = [this](std::string_view bytes) -> tl::expected<void, std::string> {
    if (decoder_->feed(bytes)) return {};
    return tl::unexpected(std::move(decoder_->finish().error()));
  };
  out.end_snapshot = [this](zxid as_of) -> tl::expected<void, std::string> {
    auto decoded = decoder_->finish();
    if (!decoded) return tl::unexpected(std::move(decoded.error()));
    *image_ = std::move(*decoded);
    image_->data.set_last_processed(as_of);
    // What differs now, a txn of the log may explain; finish() looks.
    if (image_->digest) (void)image_->data.expect_digest(*image_->digest);
    applied_ = as_of;
    if (apply_upto_ && *apply_upto_ < covered_by_snapshot(as_of)) apply_upto_.reset();
    return {};
  };
  out.apply = [this](const txn_ptr& t) -> tl::expected<void, std::string> {
    if (apply_upto_ && t->id() > *apply_upto_) {
      holds_some_ = true;
      return {};
    }
    applied_ = t->id();
    auto applied = image_->data.apply(t->value);
    if (t->value.digest && t->value.digest->version == core::digest_version)
      findings_.differs_at_end = false;
    if (!applied.digest_matches) note_difference(t->id(), applied.digest_told);
    if (on_txn_) on_txn_(t);
    return {};
  };
  return out;
}

void image_builder::finish(const loaded_database& how) {
  image_->data.set_last_processed(holds_some_ ? applied_ : how.last);
  const auto until = image_->data.fuzzy_until();
  if (until && *until <= how.last)
    note_difference(*until, image_->data.last_digest().value);  // and the log explains it not
  else
    findings_.fuzzy_until = until;
}

}  // namespace troupe::storage
