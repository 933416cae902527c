/// Jobs that share a number of places, so that a long training cannot keep a start waiting.
package struct WorkerLane: Sendable, Equatable {
    /// Claimed in the order of their priority, whatever their order here.
    package let kinds: [JobSubject.Kind]
    /// Jobs of the lane that this process runs at the same time; at least 1.
    package let places: Int

    /// A kind may be in several lanes; one in none is left to other workers.
    package init(kinds: [JobSubject.Kind], places: Int) {
        self.kinds = kinds
        self.places = places
    }

    /// What a server does beside its answers: one training, and two other jobs.
    package static let standard = [
        WorkerLane(kinds: [.train], places: 1),
        WorkerLane(kinds: [.dataset, .host, .package, .delete], places: 2),
    ]

    /// The lanes of a worker with `places` in all. With more than one, one place is kept free of
    /// trainings, unless it is to do nothing else.
    package static func lanes(_ kinds: Set<JobSubject.Kind>, places: Int) -> [WorkerLane] {
        let all = JobSubject.Kind.allCases.filter(kinds.contains)
        let short = all.filter { $0 != .train }
        guard places > 1, !short.isEmpty, short.count < all.count else {
            return [WorkerLane(kinds: all, places: places)]
        }
        return [
            WorkerLane(kinds: all, places: places - 1), WorkerLane(kinds: short, places: 1),
        ]
    }
}
