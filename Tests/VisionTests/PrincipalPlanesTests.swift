import Testing

@testable import Vision

/// The directions in which grids vary most.
@Suite struct PrincipalPlanesTests {
    /// Two patterns that have nothing in common, in four grids.
    @Test func whatVariesTogetherIsOnePlane() throws {
        let wave = (0..<256).map { Float($0 % 16) - 7.5 }
        let rows = (0..<256).map { Float($0 / 16) - 7.5 }
        let found = PrincipalPlanes(
            [wave.map { 3 * $0 }, rows, wave.map { -3 * $0 }, rows.map { $0 / 2 }], count: 2)
        for (plane, pattern) in zip(found.planes, [wave, rows]) {
            let ratio = plane[0] / pattern[0]
            let isSame = zip(plane, pattern).allSatisfy { abs($0 - ratio * $1) < 1e-3 }
            #expect(ratio != 0 && isSame)
        }
        #expect(found.deviations[0] > found.deviations[1])
    }

    @Test func gridsThatDoNotVaryAreZero() {
        let found = PrincipalPlanes(
            [[Float]](repeating: [Float](repeating: 0, count: 9), count: 3), count: 2)
        #expect(found.planes.allSatisfy { $0.allSatisfy { $0 == 0 } })
    }
}
