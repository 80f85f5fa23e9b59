// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/image_builder.hpp"

namespace troupe::storage {

void image_builder::compare(zxid at, std::int64_t told) {
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
    unexplained_.reset();
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
    if (image_->digest && !image_->data.expect_digest(*image_->digest))
      unexplained_ = image_->digest->value;
    return {};
  };
  out.apply = [this](const txn_ptr& t) -> tl::expected<void, std::string> {
    unexplained_.reset();
    auto applied = image_->data.apply(t->value);
    if (t->value.digest && t->value.digest->version == core::digest_version)
      findings_.differs_at_end = false;
    if (!applied.digest_matches) compare(t->id(), applied.digest_told);
    if (on_txn_) on_txn_(t);
    return {};
  };
  return out;
}

void image_builder::finish(const loaded_database& how) {
  if (unexplained_) compare(how.last, *unexplained_);
  image_->data.set_last_processed(how.last);
  findings_.fuzzy_until = image_->data.fuzzy_until();
}

}  // namespace troupe::storage
