/// A model as the interface shows it.
package struct ModelListing: Sendable, Equatable {
    /// Name of the Greengrass component; the models are listed in its order.
    package var component: String
    /// ARN of the model version in Lookout for Vision's form; empty while the package cannot be
    /// read.
    package var arn: String
    /// State at the moment of the call; a load or stop may change it directly afterwards.
    package var status: ModelState.Status
    /// A sentence about the state, with the reason for FAILED.
    package var message: String
}
