# The sessions of Rails, in the table and under the cookie that the Node application uses.
# Set these options here. The gem misreads some of them when they come from its YAML file or from the environment.

# Node reads the same file, so both sides agree on the table and on the lifetime.
shared = YAML.load_file(Rails.root.join('../config/dynamo_session_store.yml'))

secret = ENV.fetch('SESSION_SECRET') do
  raise 'Set SESSION_SECRET to the same secret as for Node' unless Rails.env.local?

  'only for development, not for production'
end

Rails.application.config.session_store :dynamo_db_store,
  table_name: shared.fetch('table_name'),
  max_stale: shared.fetch('max_stale'), # Without it, the gem stores sessions that count as expired at once.
  secret_key: secret,
  serializer: :json, # Node reads JSON. Version 3 of the gem writes Ruby's Marshal format unless told otherwise.
  key: '_session_id', # The cookie that Node's option "rails: true" reads.
  same_site: :lax,
  secure: Rails.env.production?
