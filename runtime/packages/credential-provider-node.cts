import provider = require('@aws-sdk/credential-provider-node')

const { defaultProvider } = provider
export = { defaultProvider }
