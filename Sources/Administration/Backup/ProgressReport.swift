/// Tells how far something is, not more often than somebody can read.
final class ProgressReport {
    private let show: @Sendable (String) -> Void
    private var last = ContinuousClock.now

    init(_ show: @escaping @Sendable (String) -> Void) { self.show = show }

    func tell(_ text: @autoclosure () -> String, always: Bool = false) {
        let now = ContinuousClock.now
        guard always || (now - last) / .seconds(1) >= OperatingLimits.progressSeconds else {
            return
        }
        last = now
        show(text())
    }
}
