/// Numbers for people, rounded as `printf` rounds, so that a figure here has the same digits as
/// what `spotter evaluate` prints.
enum Decimals {
    /// - Parameters:
    ///   - value: finite, below 10⁹ without its sign.
    ///   - places: behind the point, 1...6.
    static func text(_ value: Double, places: Int = 3) -> String {
        guard value.isFinite, abs(value) < 1e9 else { return "–" }
        let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
        let scaled = abs(value) * Double(scale)
        // What the multiplication lost decides where the product lies at a half.
        let lost = (-scaled).addingProduct(abs(value), Double(scale))
        let floor = scaled.rounded(.down)
        let rest = scaled - floor
        var whole = Int(floor)
        let isAboveHalf = rest > 0.5 || rest == 0.5 && lost > 0
        let isHalf = rest == 0.5 && lost == 0
        if isAboveHalf || isHalf && whole % 2 == 1 { whole += 1 }
        let fraction = String(whole % scale)
        let sign = value < 0 && whole > 0 ? "-" : ""
        return "\(sign)\(whole / scale)."
            + String(repeating: "0", count: places - fraction.count) + fraction
    }
}
