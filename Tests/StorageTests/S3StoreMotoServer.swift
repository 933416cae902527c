import Cloud
import Foundation
import NIOPosix
import Synchronization
import TestSupport
import Testing

/// moto's S3, which lives as long as this process does.
enum MotoServer {
    private static let started = Mutex<Result<Int, any Error>?>(nil)

    /// The port on loopback.
    static func port() throws -> Int {
        try started.withLock { started in
            if let started { return try started.get() }
            let result = Result { try start() }
            started = result
            return try result.get()
        }
    }

    /// The server ends with its standard input, which ends with us.
    private static let program = """
        import os, sys, threading
        def wait():
            sys.stdin.read()
            os._exit(0)
        threading.Thread(target=wait, daemon=True).start()
        from moto.server import main
        main(["-H", "127.0.0.1", "-p", "0"])
        """
    private static let input = Pipe()

    private static func start() throws -> Int {
        let python = "\(Checkout.root)/.deps/venv/bin/python"
        try #require(
            FileManager.default.isExecutableFile(atPath: python),
            "The tests need moto: scripts/setup --tests")
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(filePath: python)
        process.arguments = ["-c", program]
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = output
        try process.run()
        var text = ""
        while true {
            let piece = output.fileHandleForReading.availableData
            try #require(!piece.isEmpty, "moto did not start: \(text)")
            text += String(decoding: piece, as: UTF8.self)
            if let match = text.firstMatch(of: /Running on http:\/\/127\.0\.0\.1:([0-9]+)\s/) {
                // Its log goes on; nobody reads it.
                output.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
                return try #require(Int(match.1))
            }
        }
    }
}
