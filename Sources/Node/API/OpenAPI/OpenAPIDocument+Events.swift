extension OpenAPIDocument {
    static let eventPaths = #"""
          /events/eventbridge:
            post:
              operationId: eventBridge
              tags: [events]
              summary: An event of Amazon EventBridge, by an API destination or Amazon SNS (governor)
              description: |
                A message that comes again changes nothing. A subscription's confirmation is answered with the link to visit; the
                node does not call out by itself. Amazon SNS sends JSON as `text/plain`, and no header fields of ours: all paths
                under `/events` also take the token as `?access_token=`.
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      required: [id, detail-type, detail]
                      not: { required: [Type] }
                      properties:
                        id: { type: string, minLength: 1 }
                        detail-type: { type: string, minLength: 1 }
                        detail: { type: object }
                        account: { description: The account's number. }
                        region: { description: The region's name. }
                        resources: { description: A list of ARNs. }
                    example:
                      id: 6a7e8feb-b491-4cf7-a9f1-bf3703467718
                      detail-type: EC2 Instance State-change Notification
                      account: '123456789012'
                      region: eu-west-1
                      resources: ['arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0']
                      detail: { instance-id: i-0123456789abcdef0, state: running }
              responses:
                '200': { $ref: '#/components/responses/Events' }
        \#(always)
        \#(written)
          /events/pubsub:
            post:
              operationId: pubSub
              tags: [events]
              summary: A message of Google Cloud Pub/Sub with a feed of Cloud Asset Inventory (governor)
              description: With payload unwrapping the body is the `TemporalAsset` itself.
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      required: [message]
                      not: { required: [asset] }
                      properties:
                        message:
                          type: object
                          required: [messageId]
                          properties:
                            messageId: { type: string, minLength: 1 }
                            data:
                              description: A `TemporalAsset` as JSON in Base64; anything else is ignored.
                              type: [string, 'null']
                              pattern: '^([A-Za-z0-9+/_-]{4})*([A-Za-z0-9+/_-]{2}(==)?|[A-Za-z0-9+/_-]{3}=?)?$'
                            attributes: { description: An object of strings. }
                        subscription: { description: The subscription's name. }
                    example: { message: { messageId: '2070443601311540', attributes: { kind: greeting } }, subscription: projects/demo/subscriptions/vtag }
              responses:
                '200': { $ref: '#/components/responses/Events' }
        \#(always)
        \#(written)
          /events/eventgrid:
            options:
              operationId: eventGridOrigin
              tags: [events]
              summary: The handshake of CloudEvents web hooks
              security: []
              responses:
                '200':
                  description: "Deliveries are welcome: WebHook-Allowed-Origin repeats WebHook-Request-Origin"
                  headers:
                    WebHook-Allowed-Origin: { schema: { type: string } }
                    WebHook-Allowed-Rate: { schema: { type: string } }
                '204': { description: The methods of this path are in Allow }
        \#(problems(400, 406))
            post:
              operationId: eventGrid
              tags: [events]
              summary: Events of Azure Event Grid, in its own schema or as CloudEvents 1.0 (governor)
              description: |
                A `SubscriptionValidationEvent` is answered with its code. What is no event in an array is listed under `errors`;
                alone it is refused.
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: '#/components/schemas/EventGridEvents' }
                    example:
                      - id: 831e1650-001e-001b-66ab-eeb76e069631
                        eventType: Microsoft.EventGrid.SubscriptionValidationEvent
                        eventTime: '2026-09-01T00:00:00Z'
                        data: { validationCode: 512d38b6-c7b8-40c8-89fe-f46f9e9622b6 }
                  application/cloudevents+json:
                    schema: { $ref: '#/components/schemas/CloudEvent' }
                  application/cloudevents-batch+json:
                    schema: { description: A list of CloudEvents., type: array }
              responses:
                '200':
                  description: What became of the events, or the answer to the validation
                  content:
                    application/json:
                      schema:
                        oneOf:
                          - $ref: '#/components/schemas/EventSummary'
                          - type: object
                            additionalProperties: false
                            required: [validationResponse]
                            properties:
                              validationResponse: { type: string }
        \#(always)
        \#(written)

        """#
}
