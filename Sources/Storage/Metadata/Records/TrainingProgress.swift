package import FoundationEssentials

/// How far a training has come, and what it said on its way.
package struct TrainingProgress: Sendable, Codable, Equatable {
    /// The newest words of a step.
    package struct Line: Sendable, Codable, Equatable {
        /// When the step said them first.
        package var time: Date
        /// For people, such as `Reading image 5 of 40`.
        package var text: String

        package init(time: Date, text: String) {
            self.time = time
            self.text = text
        }
    }

    /// When the attempt at work began.
    package var began: Date
    /// The step at work, from 1 on.
    package var step: Int
    /// Steps of a training.
    package var steps: Int
    /// Share of the whole work that is done, 0...1, by what the steps usually take.
    package var share: Double
    /// One line for each step and each part of it, the oldest first.
    package var log: [Line]

    package init(began: Date, step: Int, steps: Int, share: Double, log: [Line]) {
        self.began = began
        self.step = step
        self.steps = steps
        self.share = share
        self.log = log
    }

    /// Seconds until the end if it goes on as it went so far; nil in the first twentieth, when
    /// nobody can say.
    package func secondsLeft(at now: Date) -> TimeInterval? {
        guard share >= 0.05, share < 1 else { return nil }
        return max(0, now.timeIntervalSince(began)) * (1 - share) / share
    }
}
