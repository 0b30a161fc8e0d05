class CartsController < ApplicationController
  def show
    @user_id = session[:user_id]
    @cart = session[:cart] || []
  end

  def update
    item = params.require(:item).strip
    session[:cart] = [*session[:cart], item] if session[:user_id] && item.present?
    redirect_to root_path, status: :see_other
  end
end
