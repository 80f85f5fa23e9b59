// SPDX-License-Identifier: Apache-2.0
/// Only in ThreadSanitizer's builds: tells it how CAF hands memory from one thread to another.
/// Debian's CAF is built without the sanitizer, so the atomics of its mailboxes and reference
/// counts are invisible, and every message would look like a race. These functions stand before
/// CAF's own of the same name: a message is released when it is enqueued and acquired when it is
/// consumed or dropped; references are counted where the sanitizer sees it.
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/memory_managed.hpp>
#include <caf/ref_counted.hpp>
#include <caf/scheduled_actor.hpp>

namespace {

/// CAF's own function behind the one here. Member functions are called as the Itanium ABI calls
/// them: `this` first.
template <class Function>
Function* behind(const char* mangled) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, mangled));
}

}  // namespace

namespace caf {

void scheduled_actor::enqueue(mailbox_element_ptr message, execution_unit* on) {
  static auto* real = behind<void(scheduled_actor*, mailbox_element_ptr, execution_unit*)>(
      "_ZN3caf15scheduled_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS_6detail8disposerEE"
      "PNS_14execution_unitE");
  __tsan_release(message.get());
  real(this, std::move(message), on);
}

/// An actor goes from thread to thread, from one resume to the next.
resumable::resume_result scheduled_actor::resume(execution_unit* on, std::size_t messages_max) {
  static auto* real = behind<resume_result(scheduled_actor*, execution_unit*, std::size_t)>(
      "_ZN3caf15scheduled_actor6resumeEPNS_14execution_unitEm");
  __tsan_acquire(this);
  auto result = real(this, on, messages_max);
  __tsan_release(this);
  return result;
}

invoke_message_result scheduled_actor::consume(mailbox_element& message) {
  static auto* real = behind<invoke_message_result(scheduled_actor*, mailbox_element&)>(
      "_ZN3caf15scheduled_actor7consumeERNS_15mailbox_elementE");
  __tsan_acquire(&message);
  return real(this, message);
}

/// A message that nobody consumed, since its actor ended, is dropped here, by the ended actor's
/// thread: what lies in it was written by the sender's.
void memory_managed::request_deletion(bool is_counted) const noexcept {
  static auto* real =
      behind<void(const memory_managed*, bool)>("_ZNK3caf14memory_managed16request_deletionEb");
  if (const auto* message = dynamic_cast<const mailbox_element*>(this))
    __tsan_acquire(const_cast<mailbox_element*>(message));
  real(this, is_counted);
}

// References are counted here as CAF counts them, in atomics that the sanitizer sees: whoever gives
// up the last one comes after all who gave theirs up before. Words to the sanitizer beside CAF's
// own counting would not do, for another thread may count between the two.

void ref_counted::deref() const noexcept {
  if (rc_.fetch_sub(1, std::memory_order_acq_rel) == 1) request_deletion(false);
}

void intrusive_ptr_release(actor_control_block* block) {
  if (block->strong_refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  block->data_dtor(block->get());
  intrusive_ptr_release_weak(block);
}

void intrusive_ptr_release_weak(actor_control_block* block) {
  if (block->weak_refs.fetch_sub(1, std::memory_order_acq_rel) == 1) block->block_dtor(block);
}

}  // namespace caf
