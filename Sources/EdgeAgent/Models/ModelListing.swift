/// A model as the interface shows it.
package struct ModelListing: Sendable, Equatable {
    package var component: String
    package var arn: String
    package var status: ModelState.Status
    package var message: String
}
