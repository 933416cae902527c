import Base
import Testing
import Vision

@Suite struct AdmissionTests {
    @Test func callsBeyondTheQueueAreTurnedAwayAndTheQueueDrains() async {
        let admission = Admission(runningMax: 1, waitingMax: 2, waitingBytesMax: 100)
        #expect(await admission.enter(bytes: 50))
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    let mayRun = await admission.enter(bytes: 40)
                    admission.leave()
                    return mayRun
                }
            }
            while admission.waitingCalls < 2 { await Task.yield() }
            #expect(await !admission.enter(bytes: 1))
            #expect(admission.runningCalls == 1)
            admission.leave()
            for await mayRun in group { #expect(mayRun) }
        }
        // All places are free again.
        #expect(admission.runningCalls == 0 && admission.waitingCalls == 0)
        #expect(await admission.enter(bytes: 50))
        admission.leave()
    }

    @Test func largeImagesFillTheQueueBeforeManyDo() async {
        let admission = Admission(runningMax: 1, waitingMax: 10, waitingBytesMax: 100)
        #expect(await admission.enter(bytes: 1000))
        #expect(await !admission.enter(bytes: 101))
    }
}
