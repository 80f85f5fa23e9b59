// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/image_builder.hpp"

namespace troupe::storage {

void image_builder::note_difference(zxid at, std::int64_t told) {
  ++findings_.mismatches;
  findings_.differs_at_end = true;
  if (!findings_.first) findings_.first = {at, told, image_->data.digest()};
}

database_sink image_builder::sink() {
  database_sink out;
  out.begin_snapshot = [this] {
    image_ = std::make_shared<core::image>();
    decoder_ = std::make_unique<core::snapshot_decoder>();
    findings_ = {};
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
    return {};
  };
  out.apply = [this](const txn_ptr& t) -> tl::expected<void, std::string> {
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
  image_->data.set_last_processed(how.last);
  const auto until = image_->data.fuzzy_until();
  if (until && *until <= how.last)
    note_difference(*until, image_->data.last_digest().value);  // and the log explains it not
  else
    findings_.fuzzy_until = until;
}

}  // namespace troupe::storage
