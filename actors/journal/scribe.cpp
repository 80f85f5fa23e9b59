// SPDX-License-Identifier: Apache-2.0
#include "actors/journal/scribe.hpp"

#include "actors/base/caf.hpp"
#include "actors/core/mutants.hpp"
#include "actors/journal/files.hpp"
#include "actors/storage/disk.hpp"
#include "actors/trace/traced.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace {

using self_ptr = snapshot_sink::stateful_pointer<scribe_state>;

storage::io_result<void> write_piece(scribe_state& s, const snapshot_piece& piece) {
  if (!s.file) {
    const auto& context = *s.options.context;
    if (context.detach_journal && context.lower_priority) context.lower_priority();
    const auto as_of = mutated(mutant::snapshot_named_too_late) ? piece.as_of.next() : piece.as_of;
    auto begun = storage::snapshot_writer::begin(*context.disk, s.options.directory, as_of,
                                                 compression_of(context.config));
    if (!begun) return tl::unexpected(std::move(begun.error()));
    s.file = std::make_shared<storage::snapshot_writer>(std::move(*begun));
  }
  auto written = s.file->append(piece.bytes);
  return written && piece.last ? s.file->seal() : written;
}

void take(self_ptr self, const snapshot_piece& piece) {
  auto& s = self->state;
  if (auto written = write_piece(s, piece); !written) {
    s.file.reset();
    self->send(s.options.journal, snapshot_failed{written.error().text()});
    self->quit();
  } else if (piece.last) {
    self->send(s.options.journal, snapshot_sealed{piece.as_of, piece.covers, std::move(s.file)});
    self->quit();
  } else {
    self->send(s.options.source, next_piece{piece.as_of});
  }
}

void give_up(self_ptr self, const std::string& reason) {
  auto& s = self->state;
  s.file.reset();
  self->send(s.options.journal, snapshot_given_up{reason});
  self->quit();
}

}  // namespace

snapshot_sink::behavior_type journal_scribe(self_ptr self, scribe_options options) {
  auto& s = self->state;
  s.options = std::move(options);
  return trace::traced(s.options.context->trace, "zk.scribe",
                       [self](const snapshot_piece& piece) { take(self, piece); },
                       [self](const snapshot_given_up& m) { give_up(self, m.reason); });
}

}  // namespace troupe
