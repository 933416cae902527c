package import FoundationEssentials
package import Storage

/// The steps of a training in their order, and how far along what it says is. Pure.
package enum TrainingStages {
    /// A step, by the words that its messages begin with.
    private struct Stage {
        let words: String
        /// Share of a training's time: an estimate for some hundred images, good enough for a bar.
        let share: Double
    }

    private static let stages = [
        Stage(words: "Checking image", share: 0.05),
        Stage(words: "Reading image", share: 0.20),
        Stage(words: "Cross-validating, step", share: 0.50),
        Stage(words: "Fitting the final model", share: 0.05),
        Stage(words: "Learning the labels' masks", share: 0.05),
        Stage(words: "Evaluating on test image", share: 0.13),
        Stage(words: "Writing the results", share: 0.02),
    ]

    /// Takes the newest message of a training.
    ///
    /// - Parameters:
    ///   - progress: nil for the first message of an attempt.
    ///   - message: as the training said it; one of no known step goes to the log alone.
    ///   - now: the time of the message.
    package static func noted(_ message: String, in progress: TrainingProgress?, at now: Date)
        -> TrainingProgress
    {
        var next =
            progress
            ?? TrainingProgress(began: now, step: 1, steps: stages.count, share: 0, log: [])
        let line = TrainingProgress.Line(time: now, text: message)
        let index = stages.firstIndex { message.hasPrefix($0.words) }
        // What is counted has one line; each part of the cross-validation is a line of its own.
        if let last = next.log.last, let index, stages[index].words != "Cross-validating, step",
            last.text.hasPrefix(stages[index].words)
        {
            next.log[next.log.count - 1].text = message
        } else {
            next.log.append(line)
        }
        if next.log.count > Limits.trainingLogLinesMax {
            next.log.removeFirst(next.log.count - Limits.trainingLogLinesMax)
        }
        guard let index else { return next }
        next.step = index + 1
        let before = stages[..<index].reduce(0) { $0 + $1.share }
        // A bar that went back would not be believed.
        next.share = max(next.share, min(1, before + stages[index].share * part(of: message)))
        return next
    }

    /// Share of the step that was done when it said `… 5 of 40`; 0 without numbers.
    private static func part(of message: String) -> Double {
        let words = message.split { $0 == " " || $0 == ":" }
        guard let place = words.firstIndex(of: "of"), place > 0, place + 1 < words.count,
            let number = Double(words[place - 1]), let all = Double(words[place + 1]), all > 0
        else { return 0 }
        return min(1, max(0, number - 1) / all)
    }
}
