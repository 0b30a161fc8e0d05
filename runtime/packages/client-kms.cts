import kms = require('@aws-sdk/client-kms')

const { DescribeKeyCommand, KMSClient } = kms
export = { DescribeKeyCommand, KMSClient }
