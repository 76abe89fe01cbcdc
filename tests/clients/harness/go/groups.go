package harness

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

const Partitions = 6

// Seen is what a member has seen so far. Its client's goroutines write, the scenario reads.
type Seen struct {
	lock       sync.Mutex
	partitions map[int32]bool
	records    []record
	rebalances []change
	ended      error // why it does not go on, once it does not
}

type record struct {
	value  string
	offset int64
}

type change struct {
	revoked    bool
	partitions []int32
}

// Member is a running consumer. Close leaves as the client does it: a static member does not tell the broker.
type Member struct {
	*Seen
	Close func()
}

// Group is what a client brings: how to start a member (seat is its static instance id or empty), and how to send one record to each
// (partition, value) given.
type Group struct {
	Start   func(seen *Seen, seat string) (leave func())
	Produce func(values map[int32][]string)
}

func (s *Seen) Assigned(partitions []int32) { s.changed(false, partitions) }
func (s *Seen) Revoked(partitions []int32)  { s.changed(true, partitions) }

func (s *Seen) changed(revoked bool, partitions []int32) {
	if len(partitions) == 0 {
		return
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.rebalances = append(s.rebalances, change{revoked, slices.Clone(partitions)})
	for _, partition := range partitions {
		if revoked {
			delete(s.partitions, partition)
		} else {
			s.partitions[partition] = true
		}
	}
}

// Consumed is called for each record that has been committed. Values begin with the partition that they were sent to.
func (s *Seen) Consumed(partition int32, offset int64, value string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if !strings.HasPrefix(value, fmt.Sprintf("%d ", partition)) {
		value = "in the wrong partition: " + value
	}
	s.records = append(s.records, record{value, offset})
}

// Ended is called when the member cannot go on. The scenario would wait for it in vain.
func (s *Seen) Ended(why error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.ended = why
}

func (s *Seen) String() string {
	records, changes := s.count()
	return fmt.Sprintf("%v after %d changes and %d records", s.share(), changes, records)
}

func (s *Seen) end() error {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.ended
}

func (s *Seen) share() []int32 {
	s.lock.Lock()
	defer s.lock.Unlock()
	return slices.Sorted(maps.Keys(s.partitions))
}

func (s *Seen) count() (records, rebalances int) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return len(s.records), len(s.rebalances)
}

func (s *Seen) recordsSince(count int) []record {
	s.lock.Lock()
	defer s.lock.Unlock()
	return slices.Clone(s.records[count:])
}

func (s *Seen) givenUpSince(count int) []int32 {
	s.lock.Lock()
	defer s.lock.Unlock()
	given := map[int32]bool{}
	for _, change := range s.rebalances[count:] {
		for _, partition := range change.partitions {
			if change.revoked {
				given[partition] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(given))
}

// Eager: the first member gives everything up whenever another joins.
func (group Group) Eager(t *T) {
	here := members{t: t, group: group, all: map[string]Member{}}
	defer here.leaveAll()
	here.grow()
	t.Expect("what an eager first member had to give up", every(), here.all["one"].givenUpSince(0))
	here.shrink()
}

// Cooperative: nobody gives up what it keeps.
func (group Group) Cooperative(t *T) {
	here := members{t: t, group: group, all: map[string]Member{}}
	defer here.leaveAll()
	here.grow()
	one, two := here.all["one"], here.all["two"]
	others := slices.DeleteFunc(every(), func(partition int32) bool { return slices.Contains(one.share(), partition) })
	t.Expect("what the first member gave up", others, one.givenUpSince(0))
	_, first := one.count()
	_, second := two.count()
	here.shrink()
	t.Expect("what the first member gave up when another left", 0, len(one.givenUpSince(first)))
	t.Expect("what the second member gave up when another left", 0, len(two.givenUpSince(second)))
}

// Static: one member is away and back without a rebalance, then one stays away.
func (group Group) Static(t *T) {
	here := members{t: t, group: group, all: map[string]Member{}}
	defer here.leaveAll()
	for _, name := range []string{"one", "two", "three"} {
		here.join(name, "seat-"+name)
	}
	here.shareEqually()

	share := here.all["two"].share()
	_, one := here.all["one"].count()
	_, three := here.all["three"].count()
	here.leave("two")
	here.join("two", "seat-two")
	here.eventually("the share of the static member that came back", func() bool { return slices.Equal(share, here.all["two"].share()) })
	here.consumeOnce("after the return")
	_, oneNow := here.all["one"].count()
	_, threeNow := here.all["three"].count()
	t.Expect("rebalances of the others while a static member was away and back", []int{one, three}, []int{oneNow, threeNow})

	here.leave("three")
	here.shareEqually()
	here.consumeOnce("after the session of the lost member ended")
}

type members struct {
	t     *T
	group Group
	all   map[string]Member
}

func (m *members) join(name, seat string) {
	seen := &Seen{partitions: map[int32]bool{}}
	m.all[name] = Member{Seen: seen, Close: m.group.Start(seen, seat)}
}

// eventually is T's, but a member that has ended fails it at once, and the rest is told of each.
func (m *members) eventually(what string, seen func() bool) {
	alive := func() bool {
		for name, member := range m.all {
			if why := member.end(); why != nil {
				m.t.Fail("member %s, expected to live on, got %v; it was at %v", name, why, member.Seen)
			}
		}
		return seen()
	}
	m.t.eventually(what, alive, func() string {
		var each []string
		for _, name := range slices.Sorted(maps.Keys(m.all)) {
			each = append(each, fmt.Sprintf("%s with %v", name, m.all[name].Seen))
		}
		return strings.Join(each, "; ")
	})
}

func (m *members) leave(name string) {
	m.all[name].Close()
	delete(m.all, name)
}

func (m *members) leaveAll() {
	for name := range m.all {
		m.leave(name)
	}
}

func (m *members) grow() {
	m.join("one", "")
	m.shareEqually()
	m.join("two", "")
	m.join("three", "")
	m.shareEqually()
	m.consumeOnce("with three members")
}

func (m *members) shrink() {
	m.leave("three")
	m.shareEqually()
	m.consumeOnce("with two members")
}

// shareEqually waits until the shares are disjoint, complete and of equal size.
func (m *members) shareEqually() {
	m.eventually(fmt.Sprintf("equal shares for %v", slices.Sorted(maps.Keys(m.all))), func() bool {
		var together []int32
		for _, member := range m.all {
			share := member.share()
			if len(share) != Partitions/len(m.all) {
				return false
			}
			together = append(together, share...)
		}
		slices.Sort(together)
		return slices.Equal(together, every())
	})
}

// consumeOnce sends new records, and each must reach exactly one member.
func (m *members) consumeOnce(when string) {
	before := map[string]int{}
	for name, member := range m.all {
		before[name], _ = member.count()
	}
	sent := map[int32][]string{}
	var expected []string
	for i := range int32(10 * Partitions) {
		value := fmt.Sprintf("%d %s %d", i%Partitions, when, i)
		sent[i%Partitions] = append(sent[i%Partitions], value)
		expected = append(expected, value)
	}
	m.group.Produce(sent)
	consumed := func() (values []string, where map[string][]string) {
		where = map[string][]string{}
		for name, member := range m.all {
			for _, each := range member.recordsSince(before[name]) {
				values = append(values, each.value)
				where[each.value] = append(where[each.value], fmt.Sprintf("%s at offset %d", name, each.offset))
			}
		}
		slices.Sort(values)
		return values, where
	}
	m.eventually("records consumed "+when, func() bool {
		values, _ := consumed()
		return len(values) >= len(expected)
	})
	slices.Sort(expected)
	values, where := consumed()
	m.t.Expect("records consumed "+when+doubled(where), expected, values)
}

// doubled tells apart what was written twice (two offsets) from what was read twice (one).
func doubled(where map[string][]string) string {
	for _, value := range slices.Sorted(maps.Keys(where)) {
		if places := where[value]; len(places) > 1 {
			return fmt.Sprintf(", of which %q by %s,", value, strings.Join(places, " and by "))
		}
	}
	return ""
}

func every() (partitions []int32) {
	for partition := range int32(Partitions) {
		partitions = append(partitions, partition)
	}
	return partitions
}
