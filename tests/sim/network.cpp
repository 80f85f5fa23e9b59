// SPDX-License-Identifier: Apache-2.0
#include "actors/interfaces/local_message.hpp"
#include "tests/sim/network.hpp"

#include <algorithm>
#include <array>
#include <caf/actor_proxy.hpp>
#include <caf/all.hpp>
#include <deque>
#include <map>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::sim {
namespace {

struct dial_settled {
  TROUPE_STAYS_LOCAL;
  std::uint64_t ticket = 0;
  caf::strong_actor_ptr handle;
  std::string failure;
};
using dialler_actor = links_actor::extend<caf::reacts_to<dial_settled>>;

struct dialler_state {
  static inline const char* name = "sim.links";
  std::map<std::uint64_t, std::pair<server_id, caf::typed_response_promise<linked>>> waiting;
  std::uint64_t tickets = 0;
};

/// What stands between two servers' names in a map: the smaller id first.
using server_pair = std::pair<server_id, server_id>;
server_pair pair_of(server_id a, server_id b) {
  return a < b ? server_pair{a, b} : server_pair{b, a};
}
/// Each direction and each side of a pair is named by the sending, or owning, server: 0 = smaller.
int side_of(server_id who, server_id other) { return who < other ? 0 : 1; }

struct text {
  caf::strong_actor_ptr sender;
  caf::strong_actor_ptr receiver;
  caf::message_id mid;
  caf::message content;
};
/// A message that was delivered, for as long as both its actors live.
struct delivered_text {
  caf::weak_actor_ptr sender;
  caf::weak_actor_ptr receiver;
  caf::message_id mid;
  caf::message content;
};
struct actor_ended {
  caf::actor_id id;
  caf::error reason;
};
struct connection_lost {};
using parcel = std::variant<text, actor_ended, connection_lost>;

template <class... Messages>
bool is_any_of(const caf::message& x) {
  return (x.match_elements<Messages>() || ...);
}
bool is_carried(const caf::message& x) {
  using namespace wire;
  return is_any_of<Notification, LearnerInfo, NotLeading, LeaderInfo, AckEpoch, Truncate, SyncTxns,
                   SnapshotChunk, SnapshotCredit, NewLeader, AckNewLeader, UpToDate, Proposal, Ack,
                   Commit, Inform, TreeDiffers, Ping, Pong, Forward, SyncDone, StaleWrite,
                   Revalidate, Revalidated, caf::exit_msg>(x);
}

}  // namespace

class sim_proxy;

struct connection {
  std::array<server_id, 2> ends;
  bool broken = false;                        // nothing more gets in
  std::array<bool, 2> noticed{false, false};  // that side's proxies are dead
  std::array<std::map<caf::actor_id, caf::strong_actor_ptr>, 2> proxies;  // by viewing side
  std::array<std::map<port_kind, caf::strong_actor_ptr>, 2> dialled;      // by dialling side
  struct pipe {
    std::deque<std::pair<duration, parcel>> under_way;
    duration last_due{0};
    bool pumping = false;
  };
  std::array<pipe, 2> pipes;  // by sending side
};
using connection_ptr = std::shared_ptr<connection>;

struct network::impl {
  struct process {
    realm where = 0;
    std::uint64_t life = 0;
    bool alive = false;
    caf::node_id node;
    std::map<port_kind, caf::strong_actor_ptr> ports;
  };
  struct wire {
    std::array<bool, 2> cut{false, false};
    duration more{0};
    std::uint64_t messages_until_reset = 0;          // 0: none is wanted
    connection_ptr now;                              // the present connection, if any
    std::vector<connection_ptr> fading;              // broken, but some side has not noticed
    std::array<std::deque<delivered_text>, 2> last;  // delivered, by sending side; for repeats
  };
  struct dialling {
    server_id from;
    std::uint64_t life = 0;
    dial what;
    std::uint64_t ticket = 0;
    dialler_actor answer;
    duration deadline{0};
  };

  impl(scheduler& s, rng r, network_options o) : on(s), chance(r), options(o) {}

  scheduler& on;
  rng chance;
  network_options options;
  std::map<server_id, process> processes;
  std::map<server_pair, wire> wires;
  tap seen;
  std::function<void(std::string)> violation;
  std::uint64_t lives = 0;
  std::uint64_t delivered = 0;

  process* find_alive(server_id who, std::uint64_t life = 0) {
    auto at = processes.find(who);
    if (at == processes.end() || !at->second.alive) return nullptr;
    return life == 0 || at->second.life == life ? &at->second : nullptr;
  }

  // -- dialling -----------------------------------------------------------------------------------

  void begin_dial(const std::shared_ptr<dialling>& d) {
    on.after(draw_delay(wires[pair_of(d->from, d->what.to)]), [this, d] { try_dial(d); });
  }

  void try_dial(const std::shared_ptr<dialling>& d) {
    auto* me = find_alive(d->from, d->life);
    if (me == nullptr) return;
    auto to = d->what.to;
    if (to == d->from) return settle(*d, me->ports[d->what.port], "not published yet");
    auto& w = wires[pair_of(d->from, to)];
    auto mine = side_of(d->from, to);
    auto* other = find_alive(to);
    // As the middleman does, an address dialled before is answered from memory while this side
    // believes in the connection.
    if (auto known = known_at(w, mine, d->what.port)) return settle(*d, known, "");
    if (w.cut[0] || w.cut[1] || (other != nullptr && on.is_paused(other->where))) {
      if (on.now() >= d->deadline) return settle(*d, nullptr, "connection timed out");
      on.after(duration{50'000}, [this, d] { try_dial(d); });
      return;
    }
    if (other == nullptr || other->ports[d->what.port] == nullptr)
      return settle(*d, nullptr, "connection refused");
    if (!w.now) w.now = connect(w, pair_of(d->from, to));
    auto proxy = proxy_for(w.now, mine, other->ports[d->what.port]);
    w.now->dialled[mine][d->what.port] = proxy;
    settle(*d, proxy, "");
  }

  static caf::strong_actor_ptr known_at(const wire& w, int side, port_kind port) {
    auto look = [&](const connection_ptr& c) -> caf::strong_actor_ptr {
      if (!c || c->noticed[side]) return nullptr;
      auto at = c->dialled[side].find(port);
      return at != c->dialled[side].end() ? at->second : nullptr;
    };
    for (const auto& c : w.fading)
      if (auto known = look(c)) return known;
    return look(w.now);
  }

  void settle(const dialling& d, caf::strong_actor_ptr handle, std::string failure) {
    if (handle) failure.clear();
    caf::anon_send(d.answer, dial_settled{d.ticket, std::move(handle), std::move(failure)});
  }

  connection_ptr connect(wire& w, server_pair ends) {
    // A new handshake shows either side that what it still held of an old connection is dead.
    for (auto& old : std::exchange(w.fading, {})) {
      lose(old, 0);
      lose(old, 1);
    }
    auto made = std::make_shared<connection>();
    made->ends = {ends.first, ends.second};
    for (int side : {0, 1})
      for (auto& said : std::exchange(w.last[side], {}))
        if (auto receiver = said.receiver.lock(); receiver && chance.chance(options.repeat_percent))
          push(made, side, text{said.sender.lock(), receiver, said.mid, std::move(said.content)});
    return made;
  }

  void remember(const connection& c, int from, const text& t) {
    constexpr std::size_t remembered_max = 4;
    if (options.repeat_percent <= 0) return;
    auto& last = wires[server_pair{c.ends[0], c.ends[1]}].last[from];
    last.push_back({caf::actor_cast<caf::weak_actor_ptr>(t.sender),
                    caf::actor_cast<caf::weak_actor_ptr>(t.receiver), t.mid, t.content});
    if (last.size() > remembered_max) last.pop_front();
  }

  // -- carrying -----------------------------------------------------------------------------------

  caf::strong_actor_ptr proxy_for(const connection_ptr& c, int viewer,
                                  const caf::strong_actor_ptr& actor);

  duration draw_delay(const wire& w) {
    auto d = chance.between(options.delay_min, options.delay_max) + w.more;
    if (chance.chance(options.slow_percent)) d += chance.between(duration{0}, options.slow_max);
    return d;
  }

  void transmit(const connection_ptr& c, int from, parcel p) {
    if (c->broken) return;
    if (auto* t = std::get_if<text>(&p); t != nullptr && violation && !is_carried(t->content))
      violation("BASP cannot carry " + caf::to_string(t->content));
    push(c, from, std::move(p));
  }

  void push(const connection_ptr& c, int from, parcel p) {
    auto& w = wires[server_pair{c->ends[0], c->ends[1]}];
    auto& pipe = c->pipes[from];
    pipe.last_due = std::max(pipe.last_due, on.now() + draw_delay(w));
    pipe.under_way.emplace_back(pipe.last_due, std::move(p));
    if (!pipe.pumping) pump(c, from);
  }

  /// Keeps one event in the world's queue for the first parcel of a pipe that is not cut.
  void pump(const connection_ptr& c, int from) {
    auto& pipe = c->pipes[from];
    pipe.pumping = !pipe.under_way.empty() && !wires[server_pair{c->ends[0], c->ends[1]}].cut[from];
    if (!pipe.pumping) return;
    on.at(pipe.under_way.front().first, [this, c, from] {
      auto& p = c->pipes[from];
      if (!p.under_way.empty() && !wires[server_pair{c->ends[0], c->ends[1]}].cut[from] &&
          p.under_way.front().first <= on.now()) {
        auto first = std::move(p.under_way.front().second);
        p.under_way.pop_front();
        arrive(c, from, std::move(first));
      }
      pump(c, from);
    });
  }

  void arrive(const connection_ptr& c, int from, parcel p);

  /// One side learns that the connection is gone.
  void lose(const connection_ptr& c, int side) {
    if (std::exchange(c->noticed[side], true)) return;
    for (auto& [id, proxy] : std::exchange(c->proxies[side], {}))
      static_cast<caf::actor_proxy*>(proxy->get())
          ->kill_proxy(nullptr, caf::exit_reason::remote_link_unreachable);
    c->dialled[side].clear();
    if (!c->noticed[1 - side]) return;
    for (auto& pipe : c->pipes) pipe.under_way.clear();
    auto& fading = wires[server_pair{c->ends[0], c->ends[1]}].fading;
    fading.erase(std::remove(fading.begin(), fading.end(), c), fading.end());
  }

  /// From now on nothing gets into the connection. The caller says who learns of it, and when.
  void break_off(wire& w) {
    w.now->broken = true;
    w.fading.push_back(std::exchange(w.now, nullptr));
  }

  void stop_wire(wire& w, server_pair ends, server_id dead) {
    if (!w.now) return;
    auto c = w.now;
    break_off(w);
    auto dead_side = dead == ends.first ? 0 : 1;
    c->pipes[1 - dead_side].under_way.clear();
    auto& last_words = c->pipes[dead_side].under_way;
    last_words.resize(chance.below(last_words.size() + 1));
    lose(c, dead_side);
    push(c, dead_side, connection_lost{});
  }

  void reset(server_pair ends) {
    auto& w = wires[ends];
    if (!w.now) return;
    auto c = w.now;
    break_off(w);
    for (auto& pipe : c->pipes) pipe.under_way.clear();
    for (int side : {0, 1})
      on.after(chance.between(duration{0}, options.notice_max), [this, c, side] { lose(c, side); });
  }

  /// Counts a delivery; the connection may break behind it.
  void spoken(server_id from, server_id to, const caf::message& content) {
    auto ends = pair_of(from, to);
    if (auto& left = wires[ends].messages_until_reset; left > 0 && --left == 0)
      on.after(duration{0}, [this, ends] { reset(ends); });
    on.add_to_hash(
        mix(static_cast<std::uint64_t>(from.value), static_cast<std::uint64_t>(to.value)));
    ++delivered;
    if (seen) seen(from, to, content);
  }
};

/// A remote actor as one server sees it over one connection.
class sim_proxy : public caf::actor_proxy {
 public:
  sim_proxy(caf::actor_config& cfg, network::impl* net, connection_ptr on, int viewer,
            caf::strong_actor_ptr target)
      : caf::actor_proxy(cfg),
        net_(net),
        on_(std::move(on)),
        viewer_(viewer),
        target_(caf::actor_cast<caf::weak_actor_ptr>(target)) {}

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    auto on = on_.lock();
    auto target = target_.lock();
    if (!on || !target || getf(is_cleaned_up_flag)) return;
    net_->transmit(on, viewer_,
                   text{what->sender, target, what->mid, what->move_content_to_message()});
  }

  void kill_proxy(caf::execution_unit* context, caf::error reason) override {
    cleanup(std::move(reason), context);
  }

 private:
  network::impl* net_;
  std::weak_ptr<connection> on_;
  int viewer_;
  caf::weak_actor_ptr target_;
};

caf::strong_actor_ptr network::impl::proxy_for(const connection_ptr& c, int viewer,
                                               const caf::strong_actor_ptr& actor) {
  auto& proxies = c->proxies[viewer];
  if (auto at = proxies.find(actor->id()); at != proxies.end()) return at->second;
  caf::actor_config cfg;
  auto proxy = caf::make_actor<sim_proxy, caf::strong_actor_ptr>(
      actor->id(), processes[c->ends[1 - viewer]].node, &on.system(), cfg, this, c, viewer, actor);
  proxies.emplace(actor->id(), proxy);
  // The news of an actor's end travels behind its last messages.
  std::weak_ptr<connection> weak = c;
  actor->get()->attach_functor([this, weak, viewer, id = actor->id()](const caf::error& reason) {
    if (auto alive = weak.lock()) transmit(alive, 1 - viewer, actor_ended{id, reason});
  });
  return proxy;
}

void network::impl::arrive(const connection_ptr& c, int from, parcel p) {
  auto to = 1 - from;
  if (c->noticed[to]) return;
  if (auto* t = std::get_if<text>(&p)) {
    spoken(c->ends[from], c->ends[to], t->content);
    remember(*c, from, *t);
    auto sender = t->sender ? proxy_for(c, to, t->sender) : nullptr;
    t->receiver->enqueue(
        caf::make_mailbox_element(std::move(sender), t->mid, {}, std::move(t->content)), nullptr);
  } else if (auto* ended = std::get_if<actor_ended>(&p)) {
    auto at = c->proxies[to].find(ended->id);
    if (at == c->proxies[to].end()) return;
    auto proxy = std::move(at->second);
    c->proxies[to].erase(at);
    static_cast<caf::actor_proxy*>(proxy->get())->kill_proxy(nullptr, std::move(ended->reason));
  } else {
    lose(c, to);
  }
}

network::network(scheduler& on, rng chance, network_options options)
    : impl_(std::make_unique<impl>(on, chance, options)) {}
network::~network() = default;

void network::start(server_id who, realm where) {
  impl::process p;
  p.where = where;
  p.life = ++impl_->lives;
  p.alive = true;
  caf::node_id::default_data::host_id_type host{};
  host.front() = static_cast<std::uint8_t>(who.value);
  p.node = caf::make_node_id(static_cast<std::uint32_t>(p.life), host);
  impl_->processes[who] = std::move(p);
}

void network::publish(server_id who, port_kind port, caf::strong_actor_ptr actor) {
  if (auto* p = impl_->find_alive(who)) p->ports[port] = std::move(actor);
}

void network::stop(server_id who) {
  auto* p = impl_->find_alive(who);
  if (p == nullptr) return;
  p->alive = false;
  p->ports.clear();
  for (auto& [ends, w] : impl_->wires)
    if (ends.first == who || ends.second == who) impl_->stop_wire(w, ends, who);
}

links_actor network::spawn_links(server_id who) {
  auto* net = impl_.get();
  auto life = net->processes[who].life;
  return net->on.system().spawn(
      [net, who,
       life](dialler_actor::stateful_pointer<dialler_state> self) -> dialler_actor::behavior_type {
        return {
            [=](const dial& what) -> caf::typed_response_promise<linked> {
              auto promise = self->make_response_promise<linked>();
              auto ticket = ++self->state.tickets;
              self->state.waiting.emplace(ticket, std::pair{what.to, promise});
              net->begin_dial(std::make_shared<impl::dialling>(
                  impl::dialling{who, life, what, ticket, caf::actor_cast<dialler_actor>(self),
                                 net->on.now() + net->options.connect_timeout}));
              return promise;
            },
            [=](dial_settled& x) {
              auto at = self->state.waiting.find(x.ticket);
              if (at == self->state.waiting.end()) return;
              auto [to, promise] = std::move(at->second);
              self->state.waiting.erase(at);
              if (x.handle)
                promise.deliver(linked{to, std::move(x.handle)});
              else
                promise.deliver(caf::make_error(caf::sec::cannot_connect_to_node, x.failure));
            },
        };
      });
}

void network::cut(server_id from, server_id to) {
  impl_->wires[pair_of(from, to)].cut[side_of(from, to)] = true;
}

void network::heal(server_id from, server_id to) {
  auto& w = impl_->wires[pair_of(from, to)];
  auto side = side_of(from, to);
  if (!std::exchange(w.cut[side], false)) return;
  auto restart = [&](const connection_ptr& c) {
    auto& pipe = c->pipes[side];
    pipe.last_due = std::max(pipe.last_due, impl_->on.now());
    for (auto& [due, parcel] : pipe.under_way) due = std::max(due, impl_->on.now());
    if (!pipe.pumping) impl_->pump(c, side);
  };
  for (auto& c : w.fading) restart(c);
  if (w.now) restart(w.now);
}

void network::heal_all() {
  for (auto& [ends, w] : impl_->wires) {
    w.more = duration{0};
    w.messages_until_reset = 0;
    heal(ends.first, ends.second);
    heal(ends.second, ends.first);
  }
}

bool network::is_cut(server_id from, server_id to) const {
  auto at = impl_->wires.find(pair_of(from, to));
  return at != impl_->wires.end() && at->second.cut[side_of(from, to)];
}

void network::reset(server_id a, server_id b) { impl_->reset(pair_of(a, b)); }

void network::reset_after(server_id a, server_id b, std::uint64_t messages) {
  impl_->wires[pair_of(a, b)].messages_until_reset = messages;
}

void network::slow_down(server_id a, server_id b, duration more) {
  impl_->wires[pair_of(a, b)].more = more;
}

void network::set_tap(tap t) { impl_->seen = std::move(t); }
void network::on_violation(std::function<void(std::string)> f) { impl_->violation = std::move(f); }
std::uint64_t network::delivered() const { return impl_->delivered; }

void network::shutdown() {
  impl_->processes.clear();
  for (auto& [ends, w] : impl_->wires) {
    if (w.now) w.fading.push_back(w.now);
    for (auto& c : w.fading) {
      c->proxies = {};
      c->dialled = {};
      c->pipes = {};
    }
    w.last = {};
  }
  impl_->wires.clear();
}

}  // namespace troupe::sim
