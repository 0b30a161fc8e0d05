class SessionsController < ApplicationController
  def create
    user_id = params.require(:user_id).to_i
    return head :bad_request unless user_id.positive?

    # Check a password here.
    reset_session
    request.session_options[:renew] = true # With this gem, reset_session alone keeps the id.
    session[:user_id] = user_id
    redirect_to root_path, status: :see_other
  end

  def destroy
    reset_session
    cookies.delete(:_session_id) # The gem fails on the cookie of a deleted session.
    redirect_to root_path, status: :see_other
  end
end
