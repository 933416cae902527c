import FoundationEssentials
import Storage

/// How far a training is, in the words of the visitor's language.
enum TrainingProgressText {
    /// Such as `Step 3 of 7 · 45 % · about 2 min left`.
    static func line(_ training: TrainingProgress, at now: Date, _ page: Page) -> String {
        var parts = [
            page.text("train_step").replacing("{n}", with: "\(training.step)")
                .replacing("{all}", with: "\(training.steps)"),
            "\(Int((training.share * 100).rounded())) %",
        ]
        if let seconds = training.secondsLeft(at: now) {
            parts.append(
                seconds < 60
                    ? page.text("train_soon")
                    : page.text("train_left")
                        .replacing("{n}", with: "\(Int((seconds / 60).rounded()))"))
        }
        return parts.joined(separator: " · ")
    }
}
