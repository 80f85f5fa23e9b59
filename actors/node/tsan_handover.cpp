// SPDX-License-Identifier: Apache-2.0
/// Only in ThreadSanitizer's builds: tells it how CAF hands memory from one thread to another.
/// Debian's CAF is built without the sanitizer, so the atomics of its mailboxes and reference
/// counts are invisible, and every message would look like a race. These functions stand before
/// CAF's own of the same name: a message is released when it is enqueued and acquired when it is
/// consumed or dropped; an object counts its references in one order.
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

/// Whoever gives up a reference last comes after all who gave theirs up before.
void in_one_order(const void* counted) {
  __tsan_acquire(const_cast<void*>(counted));
  __tsan_release(const_cast<void*>(counted));
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

void ref_counted::deref() const noexcept {
  static auto* real = behind<void(const ref_counted*)>("_ZNK3caf11ref_counted5derefEv");
  in_one_order(this);
  real(this);
}

void intrusive_ptr_release(actor_control_block* block) {
  static auto* real = behind<void(actor_control_block*)>(
      "_ZN3caf21intrusive_ptr_releaseEPNS_19actor_control_blockE");
  in_one_order(block);
  real(block);
}

void intrusive_ptr_release_weak(actor_control_block* block) {
  static auto* real = behind<void(actor_control_block*)>(
      "_ZN3caf26intrusive_ptr_release_weakEPNS_19actor_control_blockE");
  in_one_order(block);
  real(block);
}

}  // namespace caf
