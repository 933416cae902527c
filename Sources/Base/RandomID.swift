package import FoundationEssentials

extension UUID {
    /// A random UUID of version 4, with bits from the system's generator by a system call.
    ///
    /// Foundation's `UUID()` opens a device file for them. In a process that may open no further
    /// file it returns zeros, again and again; this one ends the process rather than repeat itself.
    package static func random() -> UUID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }
}
